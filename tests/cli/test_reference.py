"""Every command, option and setting is documented, and the generated pages are current."""

import pytest

from adapters.cli.operate.settings import PREFIX
from adapters.system.settings import Settings
from domain.kernel.terms import ShiftTrigger
from domain.ticket.lifecycle import TABLE
from tests.cli.reference_pages import FOLDER, PAGES, commands, parameters

COMMANDS = {" ".join(path): command for path, command in commands()}


@pytest.mark.parametrize("page", list(PAGES))
def test_the_page_is_what_the_source_says(page: str) -> None:
    written = (FOLDER / page).read_text(encoding="utf-8")
    assert written == PAGES[page](), "run: python -m tests.cli.reference_pages"


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_and_parameter_is_documented(name: str) -> None:
    command = COMMANDS[name]
    page = (FOLDER / "cli.md").read_text(encoding="utf-8")
    section = page.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
    assert command.help
    assert len(section) > len(name)
    for parameter in parameters(command):
        assert parameter.help, f"{name}: {parameter.name} has no help"
        assert parameter.help in section


@pytest.mark.parametrize("name", list(Settings.model_fields))
def test_every_setting_is_documented(name: str) -> None:
    field = Settings.model_fields[name]
    assert field.description
    assert f"| `{PREFIX}{name.upper()}` | {field.description} |" in (FOLDER / "settings.md").read_text(encoding="utf-8")


def test_every_transition_is_documented() -> None:
    page = (FOLDER / "lifecycle.md").read_text(encoding="utf-8")
    assert all(f"| `{row.trigger.value}` |" in page and row.event.__name__ in page for row in TABLE)


def test_the_contract_s_commands_exist() -> None:
    """What docs and clients hold on to; each is a part of the contract of the command line."""
    groups = {
        "community": {"add", "list"},
        "area": {"add"},
        "team": {"add"},
        "contractor": {"add"},
        "user": {"password", "add", "grant", "list", "disable", "enable"},
        "token": {"create", "list", "revoke"},
        "dwellings": {"import", "list", "history"},
        "residents": {"find"},
        "ticket": {"list", "show", "history"},
        "shift": {trigger.value.replace("_", "-") for trigger in ShiftTrigger} | {"show", "handover"},
        "roster": {"show", "publish", "swap", "leave", "feed", "revoke-feed"},
        "duty": {"handover-list", "night-log", "coverage", "morning-review", "reminders", "attendance"},
        "projections": {"status", "rebuild", "check", "retry"},
        "processes": {"status", "retry"},
        "finding": {"record", "confirm", "waive", "contest", "uphold", "revoke", "list", "show"},
        "keys": {"rotate"},
        "appraisal": {"calculate", "tally", "close"},
    }
    alone = {
        "demo",
        "simulate",
        "serve",
        "follow",
        "init",
        "migrate",
        "doctor",
        "settings",
        "lifecycle",
        "backup",
        "restore",
        "copy",
        "import",
        "register",
        "report",
    }
    expected = {f"gongdan {name}" for name in alone} | {f"gongdan {g} {c}" for g, cs in groups.items() for c in cs}
    assert set(COMMANDS) == expected
