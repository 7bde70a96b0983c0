"""Approvals in words: the command that waits, its arguments, and why it could not be carried out."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from adapters.answers.approval.lists import waiting_on
from adapters.labels.command_words import COMMAND_WORDS, code_words
from adapters.labels.field_words import FIELD_WORDS
from adapters.labels.marking import N_
from adapters.pages.frame.visitor import Visitor
from adapters.rendering.environment import yuan
from domain.appraisal.month_close import CLOSE_MONTH, CloseMonth
from domain.finding.commands import COMMANDS as FINDING_COMMANDS
from domain.finding.desk import TWO_PEOPLE, command_name
from domain.kernel.terms import AssigneeType, FindingTrigger, Trigger
from domain.people.assignee import Assignee
from domain.publication.desk import MODELS as PUBLISHED
from domain.service_desk.desk import BACK_ENTRY
from domain.service_desk.disclosure import DISCLOSE, Disclose
from domain.service_desk.erasure import ERASE, Erase
from domain.service_desk.importing import COMMAND as IMPORT
from domain.tally.document import amount
from domain.ticket import commands as c
from domain.ticket.back_entry import BackEntry
from projections.approval.approvals import ApprovalRow

FINDINGS: Mapping[str, FindingTrigger] = {command_name(trigger): trigger for trigger in TWO_PEOPLE}
"""Decisions on findings that take two people, by the name of the command."""
MODELS: Mapping[str, type[BaseModel]] = {
    **{trigger.value: model for trigger, model in c.COMMANDS.items()},
    Trigger.RECEIVE.value: c.Receive,
    BACK_ENTRY: BackEntry,
    **{name: FINDING_COMMANDS[trigger] for name, trigger in FINDINGS.items()},
    **PUBLISHED,
    CLOSE_MONTH: CloseMonth,
    ERASE: Erase,
    DISCLOSE: Disclose,
}
"""Model of each command that takes two people, by its name. An import has no model."""
BESIDE = ("community", "ticket", "hash")
"""Arguments left out: the page shows community and ticket elsewhere, and a hash is for programs."""
OF_A_FILE = ("name", "content_type", "size")
"""Arguments of an attachment left out, since they are for programs."""
PEOPLE = ("answered_by", "complained_of", "parties")
LONG = 200
"""Length in characters beyond which a text gets a paragraph of its own."""


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument of a command in words; ``long`` texts get a paragraph of their own."""

    name: str
    value: str
    long: bool = False


def command_words(command: str, visitor: Visitor) -> str:
    """Name a command."""
    if command in FINDINGS:
        return visitor.say("{step}考评事项", step=visitor.label(FINDINGS[command]))
    return visitor.say(COMMAND_WORDS[command]) if command in COMMAND_WORDS else code_words(command, visitor.language)


async def waiting(visitor: Visitor, stream: UUID) -> list[tuple[ApprovalRow, str]]:
    """List the undecided approvals of a ticket or finding that concern the visitor, each with its command in words."""
    rows = await waiting_on(visitor.gongdan, visitor.caller, stream)
    return [(row, command_words(row.command, visitor)) for row in rows]


def argument_words(command: str, arguments: Mapping[str, Any], visitor: Visitor) -> list[Argument]:
    """Put a command's arguments into words, so that the second person sees everything that they approve.

    Empty arguments and those for programs are left out.
    """
    if command == IMPORT:
        return [Argument(_name(name, visitor), str(arguments[name])) for name in ("file", "mapping") if name in arguments]
    return list(_arguments(MODELS[command].model_validate_json(json.dumps(arguments)), visitor))


def _arguments(model: BaseModel, visitor: Visitor, before: str = "") -> Iterator[Argument]:
    for name in type(model).model_fields:
        value = getattr(model, name)
        if (
            name in BESIDE
            or (name in OF_A_FILE and isinstance(model, c.Attach))
            or value in (None, (), "")
            or isinstance(value, UUID)
        ):
            continue
        named = f"{before} · {_name(name, visitor)}" if before else _name(name, visitor)
        if isinstance(value, c.AssigneeRef):
            yield Argument(named, visitor.carrier(Assignee(value.type, value.id)))
        elif isinstance(value, c.Place | c.Reporter):
            yield from _arguments(value, visitor)
        elif isinstance(value, BaseModel):
            yield from _arguments(value, visitor, named)
        else:
            text = _value(name, value, visitor)
            yield Argument(named, text, len(text) > LONG)


def _value(name: str, value: Any, visitor: Visitor) -> str:
    if isinstance(value, tuple):
        return visitor.words.many([_value(name, one, visitor) for one in value])
    if isinstance(value, BaseModel):
        return " ".join(one.value for one in _arguments(value, visitor))
    if isinstance(value, bool):
        return visitor.say("是") if value else visitor.say("否")
    if isinstance(value, StrEnum):
        return visitor.label(value)
    if isinstance(value, datetime):
        return visitor.at(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return amount(value)
    if name.endswith("_fen"):
        return yuan(value)
    if name == "assignee":
        return visitor.carrier(Assignee(AssigneeType.PERSON, value))
    if name == "area" and visitor.community:
        return visitor.directory.community(visitor.community).areas.get(value, value)
    return visitor.person(value) if name in PEOPLE else str(value)


def _name(name: str, visitor: Visitor) -> str:
    return FIELD_WORDS[name][visitor.language == "en"]


FAILURES: Mapping[str, str] = {
    "TransitionRefused": N_("批准时，它所办的事已到了别的状态，这一步不再合流程。"),
    "RuleRefused": N_("批准时，规定已不允许这样办。"),
    "InvalidInput": N_("批准时，所填内容已不成立。"),
    "ValidationError": N_("批准时，所填内容已不成立。"),
    "NotAllowed": N_("批准时，请求人已没有这项权限。"),
    "NotFound": N_("批准时，它所办的事已不存在。"),
    "Conflict": N_("批准时，它已经办过，或者已被改动。"),
}
"""Why an approved command was not carried out, by the class of the refusal."""
OTHERWISE = N_("批准时已不能办理。")


def failure_words(outcome: str, visitor: Visitor) -> str:
    """Explain why an approval failed; ``outcome`` is the log's text, the refusal's class and its message in English."""
    return visitor.say(FAILURES.get(outcome.partition(":")[0], OTHERWISE))
