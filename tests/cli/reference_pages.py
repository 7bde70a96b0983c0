"""Generate pages of docs/reference: the command line, the settings, the lifecycle.

``python -m tests.cli.reference_pages`` writes them; a test fails where they differ from the source.
"""

from collections.abc import Iterator
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any

import typer

from adapters.cli.operate.settings import PREFIX
from adapters.cli.program import app
from adapters.labels import diagram
from adapters.labels.labels import label
from adapters.system.settings import Settings
from domain.ticket.lifecycle import INITIAL, TERMINAL

FOLDER = Path(__file__).parents[2] / "docs" / "reference"
GENERATED = "<!-- Generated from the source: python -m tests.cli.reference_pages -->"


def commands(command: Any = None, path: tuple[str, ...] = ("gongdan",)) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command with its whole name, in the order of the help; groups themselves left out."""
    command = command or typer.main.get_command(app)
    if not hasattr(command, "commands"):
        yield path, command
        return
    for name, below in command.commands.items():
        yield from commands(below, (*path, name))


def parameters(command: Any) -> list[Any]:
    """A command's arguments and options, without the help itself."""
    return [parameter for parameter in command.params if parameter.name != "help"]


def command_line() -> str:
    """docs/reference/cli.md"""
    parts = [
        "# The command line",
        GENERATED,
        "Exit status: 0 done, 1 refused or a check failed (the reason on stderr), 2 wrong usage. With `--json` a reading command"
        " prints exactly one JSON document on stdout. `init`, `migrate`, `doctor`, `backup`, `restore`, `projections` and `keys`"
        " are the operator's: they name no person and print no personal data. `community`, `area`, `team`, `contractor`, `user`"
        " and `token` act as the machine's operator. `ticket`, `shift`, `roster` and `duty` are a person's, with that person's"
        " rights: `--as LOGIN` on the machine itself, or the holder of `GONGDAN_TOKEN`. Which store is meant is said by the"
        " [settings](settings.md).",
    ]
    for path, command in commands():
        usage = " ".join(filter(None, (*path, *map(_usage, parameters(command)))))
        parts += [f"## {' '.join(path)}", f"```console\n{usage}\n```", _prose(command.help)]
        rows = [(_name(p), _prose(p.help or ""), _default(p)) for p in parameters(command)]
        if rows:
            parts.append(_table(("parameter", "meaning", "default"), rows))
    return "\n\n".join(parts) + "\n"


def _is_option(parameter: Any) -> bool:
    return bool(parameter.param_type_name == "option")


def _flag(parameter: Any) -> bool:
    return bool(getattr(parameter, "is_flag", False))


def _metavar(parameter: Any) -> str:
    """What stands for a value: the choices where there are few, DATE for a day, else the parameter's name."""
    annotation = parameter.type_descriptor.annotation
    if isinstance(annotation, type) and issubclass(annotation, Enum) and len(annotation) <= 5:
        return "|".join(choice.value for choice in annotation)
    if annotation is datetime:
        return "DATE"
    return str(parameter.metavar or parameter.name.removeprefix("valid_")).upper().strip("[]").removesuffix("]...")


def _usage(parameter: Any) -> str:
    if not _is_option(parameter):
        many = "…" if parameter.nargs == -1 else ""
        return f"{_metavar(parameter)}{many}" if parameter.required else f"[{_metavar(parameter)}{many}]"
    text = _name(parameter).strip("`") + ("" if _flag(parameter) else f" {_metavar(parameter)}")
    return text if parameter.required else f"[{text}]"


def _name(parameter: Any) -> str:
    if not _is_option(parameter):
        return f"`{_metavar(parameter)}`"
    return "`" + "/".join((*parameter.opts, *parameter.secondary_opts)) + "`"


def _default(parameter: Any) -> str:
    if parameter.required:
        return "required"
    value = parameter.default
    shown = getattr(value, "value", value)
    return "" if shown is None or shown == "" or isinstance(shown, bool) else f"`{shown}`"


def _prose(text: str) -> str:
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def settings() -> str:
    """docs/reference/settings.md"""
    rows = []
    for name, field in Settings.model_fields.items():
        default = "" if field.default in (None, "") else f"`{field.default}`"
        rows.append((f"`{PREFIX}{name.upper()}`", field.description or "", default))
    return (
        "\n\n".join(
            (
                "# Settings",
                GENERATED,
                "Environment variables, or lines of a `.env` file in the working directory; the environment takes precedence."
                " `gongdan settings` lists every setting with its value and source, passwords and tokens hidden;"
                " `gongdan doctor` reports variables with the prefix that are not settings.",
                _table(("setting", "meaning", "default"), rows),
                "With PostgreSQL, `GONGDAN_KEYS` and `GONGDAN_MASTER_KEY_FILE` have no default: the keys are in a database of"
                " their own, and the master key is in a file that is in no backup of either.",
            )
        )
        + "\n"
    )


def lifecycle() -> str:
    """docs/reference/lifecycle.md"""
    rows = [
        (f"`{row.trigger.value}`", name, sources, target, row.event.__name__, kinds)
        for row, name, sources, target, kinds in diagram.rows()
    ]
    states = "、".join(f"{label(state)} `{state.value}`" for state in diagram.PLACES)
    return (
        "\n\n".join(
            (
                "# The lifecycle of a ticket 工单生命周期",
                GENERATED,
                f"States: {states}. A ticket begins as {label(INITIAL)} `{INITIAL.value}`; {label(TERMINAL[0])}"
                f" `{TERMINAL[0].value}` is its end. Anything that is not in this table is refused, with the state, the trigger"
                " and the triggers that are legal then. `gongdan lifecycle` prints the table, `--format json`, `mermaid` or `svg`"
                " other forms of it.",
                _table(("trigger", "动作", "from", "to", "event", "kinds"), rows),
                "```mermaid\n" + diagram.mermaid() + "```",
            )
        )
        + "\n"
    )


PAGES = {"cli.md": command_line, "settings.md": settings, "lifecycle.md": lifecycle}

if __name__ == "__main__":
    for page, text in PAGES.items():
        (FOLDER / page).write_text(text(), encoding="utf-8")
