"""Assemble the command ``gongdan`` from its subcommands."""

import typer

from adapters.cli.terminal.later import Later, LaterGroup

COMMANDS = {
    "demo": Later(
        "adapters.cli.operate.demo:demo",
        "Fill a new store with an estate's last weeks, print a guide, and serve it on loopback. Needs no other store.",
    ),
    "simulate": Later(
        "adapters.cli.operate.simulate:simulate",
        "Append made-up estates with their people, shifts and tickets, through the commands of the server.",
    ),
    "init": Later(
        "adapters.cli.operate.store:init",
        "Create a store, its key store, its master key and the first admin; the last line printed is the admin's token.",
    ),
    "migrate": Later(
        "adapters.cli.operate.store:migrate",
        "Migrate the store's schema to the version that this program needs, in one transaction.",
    ),
    "doctor": Later(
        "adapters.cli.operate.doctor:doctor",
        "Check settings, store, keys and machine; exit status 1 if anything is wrong. Prints no personal data, changes nothing.",
    ),
    "settings": Later(
        "adapters.cli.operate.settings:settings", "List every setting with its value and source; passwords and tokens are hidden."
    ),
    "serve": Later(
        "adapters.cli.operate.serve:serve",
        "Serve the API and the pages; refuses a store with another schema version, and a SQLite store that is served already.",
    ),
    "follow": Later(
        "adapters.cli.operate.follow:follow",
        "Move read models and processes in a process of its own, beside servers with GONGDAN_FOLLOW=false; on PostgreSQL only.",
    ),
    "lifecycle": Later(
        "adapters.cli.ticket.lifecycle:lifecycle", "Show the lifecycle of a ticket with all its transitions. Needs no store."
    ),
    "backup": Later(
        "adapters.cli.operate.store:backup",
        "Copy store and keys into two folders of a new or empty directory, while the server runs.",
    ),
    "restore": Later(
        "adapters.cli.operate.store:restore", "Replace store and keys by a backup, and apply again every erasure made since."
    ),
    "copy": Later(
        "adapters.cli.operate.copying:copy",
        "Move a store and its keys between SQLite and PostgreSQL, in any direction, and compare both sides.",
    ),
    "import": Later(
        "adapters.cli.ticket.importing:import_", "Import a foreign log as back-entered tickets; each file needs two people."
    ),
    "register": Later(
        "adapters.cli.ticket.reports:register", "Show a book (记录册) by number, void numbers included; personal data is masked."
    ),
    "report": Later(
        "adapters.cli.ticket.reports:report",
        "Show a month's service report (服务月报): volumes, clocks, first-time fix, rework, verdicts, people.",
    ),
    "community": Later("adapters.cli.people.registry:community", "Communities (小区)."),
    "area": Later("adapters.cli.people.registry:area", "Areas of a community (责任区)."),
    "team": Later("adapters.cli.people.registry:team", "Teams that take work orders (班组)."),
    "contractor": Later("adapters.cli.people.registry:contractor", "Outside contractors, assignees without a login (外包单位)."),
    "user": Later("adapters.cli.people.registry:user", "People with a login, and their dated roles."),
    "token": Later("adapters.cli.people.registry:token", "API tokens."),
    "dwellings": Later(
        "adapters.cli.household.households:dwellings", "Dwellings, and who owns, lives in or rents them (住户名册)."
    ),
    "residents": Later(
        "adapters.cli.household.households:residents", "Owners, residents and tenants (业主、住户、租户), as staff may read them."
    ),
    "ticket": Later("adapters.cli.ticket.ticket:ticket", "Tickets (工单), within the reader's rights."),
    "shift": Later("adapters.cli.duty.shift:shift", "Shifts (班次): the desk, its log, the handover with two signatures."),
    "roster": Later("adapters.cli.duty.roster:roster", "The duty roster (值班表): duties at the desk."),
    "duty": Later(
        "adapters.cli.duty.duty:duty", "Duty (值班): handover list, logs, coverage, the morning review, reminders, attendance."
    ),
    "projections": Later(
        "adapters.cli.operate.projections:projections", "Read models: status, rebuild, check. Prints no personal data."
    ),
    "processes": Later(
        "adapters.cli.operate.processes:processes",
        "Processes (流程): automatic work, such as proposing findings. Prints no personal data.",
    ),
    "keys": Later("adapters.cli.operate.store:keys", "The keys of personal data."),
    "appraisal": Later("adapters.cli.appraisal.appraisal:appraisal", "The appraisal (考评): calculate, show and close tallies."),
    "finding": Later("adapters.cli.appraisal.finding:finding", "Findings (考评事项): deductions and bonuses by the scorecard."),
}
"""Every command and group, in the order of the help. It has their first sentences too, so that the help imports none."""


class Program(LaterGroup):
    """The commands of ``gongdan``."""

    later = COMMANDS


app = typer.Typer(name="gongdan", cls=Program, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def gongdan() -> None:
    """工单 Gongdan: the service desk of a property-management company, kept as events."""
