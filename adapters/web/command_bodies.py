"""The bodies of the commands: each trigger's own fields, and when it happened. Constraints live in the commands alone."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, create_model

from domain.kernel.terms import Trigger
from domain.kernel.values import FreeText, Moment, Value
from domain.ticket import commands as c
from domain.ticket.back_entry import BackEntry
from domain.ticket.commands import Command

OCCURRED: Any = (
    Moment | None,
    Field(None, description="发生时间，缺省为现在 · when it happened, with its offset; now if left out"),
)
OFFLINE: Any = (bool, Field(False, description="离线时所写 · drafted offline by the assignee or the officer on duty"))

NOT_JSON = (Trigger.RECEIVE, Trigger.ATTACH)
"""Triggers with a path or a media type of their own."""


def _body(command: type[Value], name: str) -> type[BaseModel]:
    made: type[BaseModel] = create_model(name, __base__=command, __doc__=command.__doc__, occurred_at=OCCURRED, offline=OFFLINE)
    return made


RECEIVE_BODY = _body(c.Receive, "ReceiveBody")
BACK_ENTRY_BODY = _body(BackEntry, "BackEntryBody")
BODIES: dict[Trigger, type[BaseModel]] = {
    trigger: _body(command, f"{command.__name__}Body") for trigger, command in c.COMMANDS.items() if trigger not in NOT_JSON
}
"""The body of each trigger of an existing ticket."""


def command_of(body: BaseModel, command: type[Value]) -> Any:
    """The command alone, without what travels beside it."""
    return command(**{name: getattr(body, name) for name in command.model_fields})


def trigger_command(trigger: Trigger, body: BaseModel) -> Command:
    """The command of a trigger's body."""
    made: Command = command_of(body, c.COMMANDS[trigger])
    return made


class Empty(BaseModel):
    """Nothing is said beyond the path."""

    model_config = ConfigDict(extra="forbid")


class Reason(Value):
    """Why."""

    reason: FreeText
