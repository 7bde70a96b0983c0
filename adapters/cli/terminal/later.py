"""A group whose commands are imported when they are called: a command waits only for the modules that it needs.

The list of commands with their first sentences, which ``--help`` shows, is given and imports nothing.
"""

from collections.abc import Iterator, MutableMapping
from importlib import import_module
from typing import Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup


class Later(NamedTuple):
    """Where a command or a group is, as ``module:name``, and the first sentence of its help."""

    place: str
    help: str


class Commands(MutableMapping[str, Any]):
    """Commands by name, imported at their first use."""

    def __init__(self, later: dict[str, Later]) -> None:
        self._later = later
        self._found: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._found:
            module, _, attribute = self._later[name].place.partition(":")
            self._found[name] = _made(name, getattr(import_module(module), attribute))
        return self._found[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._found[name] = command

    def __delitem__(self, name: str) -> None:
        del self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._later)

    def __len__(self) -> int:
        return len(self._later)


def _made(name: str, found: Any) -> Any:
    """The command of a function, or of a group of commands."""
    if not isinstance(found, typer.Typer):
        alone = typer.Typer(add_completion=False)
        alone.command(name)(found)
        return typer.main.get_command(alone)
    group = typer.main.get_group(found)
    group.name = name
    return group


class LaterGroup(TyperGroup):
    """A group of :class:`Later` commands. Turns expected errors into one line on stderr and exit status 1."""

    later: dict[str, Later]
    """Set by the subclass that is the program."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "commands": None})
        self.commands = Commands(self.later)
        self._listing = False

    def list_commands(self, ctx: Any) -> list[str]:
        """Names of the commands, in the order of the list."""
        return list(self.commands)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of a name; while help is shown, one that has its first sentence only."""
        if self._listing:
            return TyperCommand(cmd_name, help=self.later[cmd_name].help)
        return self.commands.get(cmd_name)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Show the help without importing the commands."""
        self._listing = True
        try:
            super().format_help(ctx, formatter)
        finally:
            self._listing = False

    def invoke(self, ctx: Any) -> Any:
        """Run the command; raises typer.Exit with status 1 after an expected error."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            from adapters.cli.terminal.expected import EXPECTED, reason  # its imports are not needed before

            if not isinstance(error, EXPECTED):
                raise
            typer.echo(f"gongdan: {reason(error)}", err=True)
            raise typer.Exit(1) from error
