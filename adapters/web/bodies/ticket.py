"""The bodies of the commands: each trigger's own fields, and when it happened. Constraints live in the commands alone."""

from typing import Annotated, Any

from pydantic import BaseModel, Field, create_model

from adapters.web.bodies.fields import OCCURRED, OFFLINE
from domain.kernel.terms import Trigger
from domain.kernel.values import Value
from domain.ticket import commands as c
from domain.ticket.back_entry import BackEntry
from domain.ticket.commands import Command

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


class AttachBody(BaseModel):
    """A file and, if it was drafted offline or is late, when."""

    file: Annotated[str, Field(json_schema_extra={"format": "binary"})]
    occurred_at: OCCURRED[0] = OCCURRED[1]
    offline: OFFLINE[0] = OFFLINE[1]


class Fields(Value):
    """The fields beside the file."""

    occurred_at: OCCURRED[0] = None
    offline: bool = False
