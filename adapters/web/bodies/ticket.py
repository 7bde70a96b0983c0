"""Request bodies of ticket commands: the command's fields, when it happened, whether it was drafted offline.

Bodies inherit from the commands, so constraints are written once, in the domain.
"""

from typing import Annotated, Any

from pydantic import BaseModel, Field, create_model

from adapters.web.bodies.fields import OCCURRED, OFFLINE
from domain.kernel.terms import Trigger
from domain.kernel.values import Value
from domain.ticket import commands as c
from domain.ticket.back_entry import BackEntry
from domain.ticket.commands import Command

NOT_JSON = (Trigger.RECEIVE, Trigger.ATTACH)
"""Triggers without a JSON body below the ticket: RECEIVE has its own path, ATTACH its own media type."""


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
    """Extract the command from its body."""
    # Not model_validate(body): a body that extends its command would come through whole, with what belongs to the request.
    return command(**{name: getattr(body, name) for name in command.model_fields})


def trigger_command(trigger: Trigger, body: BaseModel) -> Command:
    """Extract the command of a trigger from its body."""
    made: Command = command_of(body, c.COMMANDS[trigger])
    return made


class AttachBody(BaseModel):
    """A file, and when and whether offline it was made."""

    file: Annotated[str, Field(json_schema_extra={"format": "binary"})]
    occurred_at: OCCURRED[0] = OCCURRED[1]
    offline: OFFLINE[0] = OFFLINE[1]


class Fields(Value):
    """The text fields of an upload."""

    occurred_at: OCCURRED[0] = None
    offline: bool = False
