"""A command imports what it needs and no more. Counted in imports, since times depend on the machine."""

import subprocess
import sys

import pytest
import typer

from adapters.cli.program import COMMANDS, app
from tests.support.command_line import Home, clean

SERVER = (
    "fastapi",
    "starlette",
    "uvicorn",
    "uvloop",
    "jinja2",
    "adapters.server",
    "adapters.api",
    "adapters.pages",
    "adapters.web",
)
FILES = ("openpyxl", "xlsxwriter", "defusedxml", "adapters.exchange.exporting", "adapters.exchange.importing.household_register")
MADE_UP = ("adapters.demo", "adapters.simulation")
STORE = (
    "adapters.composition",
    "adapters.store",
    "domain.service_desk",
    "domain.finding",
    "psycopg",
    "cryptography",
    "eventsourcing",
)

FORBIDDEN = {
    ("--help",): (*SERVER, *FILES, *MADE_UP, *STORE, "domain", "projections", "pydantic", "adapters.system"),
    ("settings",): (*SERVER, *FILES, *MADE_UP, *STORE, "domain", "projections"),
    ("lifecycle",): (*SERVER, *FILES, *MADE_UP, *STORE[:4], "psycopg", "cryptography"),
    ("ticket", "--help"): (*SERVER, *FILES, *MADE_UP),
    ("community", "list"): (*SERVER, *FILES, *MADE_UP),
    ("ticket", "list", "--as", "admin"): (*SERVER, *FILES, *MADE_UP),
    ("projections", "status"): (*SERVER, *FILES, *MADE_UP),
    ("backup", "copy"): (*SERVER, *FILES, *MADE_UP),
}

PROGRAM = """
import sys
from adapters.cli import main
sys.argv[0] = "gongdan"
try:
    main()
finally:
    print(*sys.modules, sep="\\n", file=sys.stderr)
"""


@pytest.mark.parametrize("arguments", FORBIDDEN, ids=" ".join)
def test_a_command_does_not_wait_for_what_it_does_not_use(home: Home, arguments: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], cwd=home.path, env=clean(), capture_output=True, text=True, check=True
    )
    imported = done.stderr.split()
    assert "adapters.cli.program" in imported
    needless = [name for name in imported for forbidden in FORBIDDEN[arguments] if f"{name}.".startswith(f"{forbidden}.")]
    assert not needless


def test_the_list_of_commands_says_what_the_commands_say() -> None:
    program = typer.main.get_command(app)
    assert isinstance(program, typer.core.TyperGroup)
    for name, later in COMMANDS.items():
        command = program.commands[name]
        assert command.name == name
        assert later.help == " ".join((command.help or "").split("\n\n")[0].split())


def test_a_mistyped_command_is_answered_with_those_that_resemble_it(home: Home) -> None:
    result = home.run("tickets")
    assert result.exit_code == 2
    assert "'ticket'" in result.stderr
