"""Words beside an event's sentence: who did it, for whom and with whom, and its personal texts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.labels.field_words import field_words
from adapters.pages.frame.visitor import Visitor
from domain.kernel.aggregate import Folded, Meta, payload_fields
from domain.kernel.privacy import ERASED, MASKED, Private
from domain.ticket.events import Ticket

SYSTEM, OUTSIDE, CONTRACTOR = "system:", "external:", "contractor:"


@dataclass(frozen=True, slots=True)
class Quote:
    """A personal text of an event and the name of its field; ``hidden`` where it is masked or erased."""

    name: str
    text: str
    hidden: bool


def who(visitor: Visitor, actor: str) -> str:
    """Name an actor: a member of staff, a contractor, somebody outside, or the system."""
    if actor.startswith(SYSTEM):
        return visitor.say("系统")
    if actor.startswith(OUTSIDE):
        return actor.removeprefix(OUTSIDE)
    if actor.startswith(CONTRACTOR) and visitor.community:
        code = actor.removeprefix(CONTRACTOR)
        return visitor.directory.community(visitor.community).contractors.get(code, code)
    return visitor.person(actor)


def doers(visitor: Visitor, meta: Meta) -> str:
    """Name the actor, the person whose step the actor entered, and the second person who approved."""
    said = who(visitor, meta.actor)
    if meta.on_behalf_of:
        said = visitor.say("{person}（代{other}录入）", person=said, other=who(visitor, meta.on_behalf_of))
    if meta.second_person:
        said = visitor.say("{person}，第二人{other}批准", person=said, other=who(visitor, meta.second_person))
    return said


def quotes(visitor: Visitor, event: Folded.Event, texts: Mapping[str, str]) -> Sequence[Quote]:
    """List the personal texts of an event, opened or masked as in ``texts``."""
    found = []
    for name in payload_fields(type(event)):
        if not isinstance(getattr(event, name), Private):
            continue
        text = texts.get(name, MASKED)
        hidden = {MASKED: visitor.say("（已隐去）"), ERASED: visitor.say("（已删除）")}.get(text)
        found.append(Quote(_named(visitor, event, name), hidden or text, hidden is not None))
    return found


def _named(visitor: Visitor, event: Any, name: str) -> str:
    if isinstance(event, Ticket.TicketCorrected):
        return visitor.say("更正为")
    if name == "file_name":
        return visitor.say("文件名")
    return field_words("/" + name.replace("reporter_", "reporter/"), visitor.language)
