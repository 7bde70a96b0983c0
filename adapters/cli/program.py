"""The command ``gongdan``: every command in its place."""

import typer

from adapters.cli import registry, store
from adapters.cli.appraisal import appraisal
from adapters.cli.console import Group
from adapters.cli.demo import demo
from adapters.cli.doctor import doctor
from adapters.cli.duty import duty
from adapters.cli.finding import finding
from adapters.cli.households import dwellings, residents
from adapters.cli.importing import import_
from adapters.cli.lifecycle import lifecycle
from adapters.cli.processes import processes
from adapters.cli.projections import projections
from adapters.cli.reports import register, report
from adapters.cli.roster import roster
from adapters.cli.serve import serve
from adapters.cli.settings import settings
from adapters.cli.shift import shift
from adapters.cli.simulate import simulate
from adapters.cli.ticket import ticket

app = typer.Typer(
    name="gongdan",
    cls=Group,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="工单 Gongdan: the service desk of a property-management company, kept as events.",
)
for command in (demo, simulate, store.init, store.migrate, doctor, settings, serve, lifecycle, store.backup, store.restore):
    app.command()(command)
app.command("import")(import_)
for reading in (register, report):
    app.command()(reading)
for name, group in (
    ("community", registry.community),
    ("area", registry.area),
    ("team", registry.team),
    ("contractor", registry.contractor),
    ("user", registry.user),
    ("token", registry.token),
    ("dwellings", dwellings),
    ("residents", residents),
    ("ticket", ticket),
    ("shift", shift),
    ("roster", roster),
    ("duty", duty),
    ("projections", projections),
    ("processes", processes),
    ("keys", store.keys),
    ("appraisal", appraisal),
    ("finding", finding),
):
    app.add_typer(group, name=name)
