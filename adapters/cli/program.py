"""Assemble the command ``gongdan`` from its subcommands."""

import typer

from adapters.cli.appraisal.appraisal import appraisal
from adapters.cli.appraisal.finding import finding
from adapters.cli.duty.duty import duty
from adapters.cli.duty.roster import roster
from adapters.cli.duty.shift import shift
from adapters.cli.household.households import dwellings, residents
from adapters.cli.operate import store
from adapters.cli.operate.copying import copy
from adapters.cli.operate.demo import demo
from adapters.cli.operate.doctor import doctor
from adapters.cli.operate.processes import processes
from adapters.cli.operate.projections import projections
from adapters.cli.operate.serve import serve
from adapters.cli.operate.settings import settings
from adapters.cli.operate.simulate import simulate
from adapters.cli.people import registry
from adapters.cli.terminal.console import Group
from adapters.cli.ticket.importing import import_
from adapters.cli.ticket.lifecycle import lifecycle
from adapters.cli.ticket.reports import register, report
from adapters.cli.ticket.ticket import ticket

app = typer.Typer(
    name="gongdan",
    cls=Group,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="工单 Gongdan: the service desk of a property-management company, kept as events.",
)
for command in (demo, simulate, store.init, store.migrate, doctor, settings, serve, lifecycle, store.backup, store.restore, copy):
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
