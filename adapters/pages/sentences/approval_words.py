"""What an approval is about, in words: the command that waits, everything it says, and why it could not be carried out."""

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
"""Decisions on findings."""
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
"""The command of every approval, by the name it bears; an import has none."""
BESIDE = ("community", "ticket", "hash")
"""What stands on the page in another way: where, about what; a hash is for programs."""
OF_A_FILE = ("name", "content_type", "size")
"""What only programs ask of a file."""
PEOPLE = ("answered_by", "complained_of", "parties")
LONG = 200
"""Longer texts are shown apart, as they were written."""


@dataclass(frozen=True, slots=True)
class Said:
    """One thing a command says: its name and the value; ``long`` texts stand apart."""

    name: str
    value: str
    long: bool = False


def command_words(command: str, look: Visitor) -> str:
    """A command by name."""
    if command in FINDINGS:
        return look.say("{step}考评事项", step=look.label(FINDINGS[command]))
    return look.say(COMMAND_WORDS[command]) if command in COMMAND_WORDS else code_words(command, look.language)


async def waiting(look: Visitor, stream: UUID) -> list[tuple[ApprovalRow, str]]:
    """What waits for a second person about a ticket or a finding, as far as it concerns the visitor, each with its command."""
    rows = await waiting_on(look.gongdan, look.caller, stream)
    return [(row, command_words(row.command, look)) for row in rows]


def told(command: str, arguments: Mapping[str, Any], look: Visitor) -> list[Said]:
    """Everything a command says, by field, without names for programs."""
    if command == IMPORT:
        return [Said(_name(name, look), str(arguments[name])) for name in ("file", "mapping") if name in arguments]
    return list(_said(MODELS[command].model_validate_json(json.dumps(arguments)), look))


def _said(model: BaseModel, look: Visitor, before: str = "") -> Iterator[Said]:
    for name in type(model).model_fields:
        value = getattr(model, name)
        if (
            name in BESIDE
            or (name in OF_A_FILE and isinstance(model, c.Attach))
            or value in (None, (), "")
            or isinstance(value, UUID)
        ):
            continue
        named = f"{before} · {_name(name, look)}" if before else _name(name, look)
        if isinstance(value, c.AssigneeRef):
            yield Said(named, look.carrier(Assignee(value.type, value.id)))
        elif isinstance(value, c.Place | c.Reporter):
            yield from _said(value, look)
        elif isinstance(value, BaseModel):
            yield from _said(value, look, named)
        else:
            text = _value(name, value, look)
            yield Said(named, text, len(text) > LONG)


def _value(name: str, value: Any, look: Visitor) -> str:
    if isinstance(value, tuple):
        return look.words.many([_value(name, one, look) for one in value])
    if isinstance(value, BaseModel):
        return " ".join(one.value for one in _said(value, look))
    if isinstance(value, bool):
        return look.say("是") if value else look.say("否")
    if isinstance(value, StrEnum):
        return look.label(value)
    if isinstance(value, datetime):
        return look.at(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return amount(value)
    if name.endswith("_fen"):
        return yuan(value)
    if name == "assignee":
        return look.carrier(Assignee(AssigneeType.PERSON, value))
    if name == "area" and look.community:
        return look.directory.community(look.community).areas.get(value, value)
    return look.person(value) if name in PEOPLE else str(value)


def _name(name: str, look: Visitor) -> str:
    return FIELD_WORDS[name][look.language == "en"]


FAILURES: Mapping[str, str] = {
    "TransitionRefused": N_("批准时，它所办的事已到了别的状态，这一步不再合流程。"),
    "RuleRefused": N_("批准时，规定已不允许这样办。"),
    "InvalidInput": N_("批准时，所填内容已不成立。"),
    "ValidationError": N_("批准时，所填内容已不成立。"),
    "NotAllowed": N_("批准时，请求人已没有这项权限。"),
    "NotFound": N_("批准时，它所办的事已不存在。"),
    "Conflict": N_("批准时，它已经办过，或者已被改动。"),
}
"""Why an approved command was not carried out, by what refused it."""
OTHERWISE = N_("批准时已不能办理。")


def failure_words(outcome: str, look: Visitor) -> str:
    """Why an approval failed; ``outcome`` is as the log has it, the refusal's name and its English."""
    return look.say(FAILURES.get(outcome.partition(":")[0], OTHERWISE))
