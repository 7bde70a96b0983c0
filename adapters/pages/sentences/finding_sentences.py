"""Sentences of a finding's events (考评事项)."""

from collections.abc import Callable, Mapping
from typing import Any

from adapters.pages.frame.visitor import Visitor
from adapters.rendering.environment import yuan
from domain.finding.events import Finding
from domain.kernel.aggregate import Folded
from domain.tally.document import amount

Say = Callable[[Any, Visitor, str], str]


def _quoted(visitor: Visitor, text: str) -> str:
    return visitor.say("：{said}", said=text) if text else ""


def _confirmed(e: Any, v: Visitor, text: str) -> str:
    said = [v.say("确认")]
    if e.parties is not None:
        said.append(v.say("当事人 {people}", people=v.people(e.parties)))
    if e.severity is not None:
        said.append(v.label(e.severity))
    if e.quantity is not None:
        said.append(v.say("数量 {n}", n=e.quantity))
    if e.amount_fen is not None:
        said.append(yuan(e.amount_fen))
    if e.points is not None:
        said.append(points(e.points, v))
    if e.booked_month is not None:
        said.append(v.say("当月已结，计入 {month}", month=e.booked_month))
    return v.words.many(said)


def points(given: Any, visitor: Visitor) -> str:
    """Put points decided by hand into words, both columns."""
    director, administrator = amount(given.director), amount(given.administrator)
    return visitor.say("主责任人 {director} 分、付责任人 {administrator} 分", director=director, administrator=administrator)


SENTENCES: Mapping[type[Folded.Event], Say] = {
    Finding.FindingProposed: lambda e, v, t: v.say("提出：{cause}", cause=v.label(e.cause)),
    Finding.FindingRecorded: lambda e, v, t: v.say("记录") + _quoted(v, t),
    Finding.FindingConfirmed: _confirmed,
    Finding.FindingWaived: lambda e, v, t: v.say("不予扣分，{reason}", reason=v.label(e.reason)) + _quoted(v, t),
    Finding.FindingContested: lambda e, v, t: v.say("申诉") + _quoted(v, t),
    Finding.FindingUpheld: lambda e, v, t: v.say("维持") + _quoted(v, t),
    Finding.FindingRevoked: lambda e, v, t: v.say("撤销") + _quoted(v, t),
    Finding.FindingWithdrawn: lambda e, v, t: v.say("原因已消除，撤回"),
}
"""Sentence of each event of a finding."""


def finding_sentence(event: Folded.Event, visitor: Visitor, text: str = "") -> str:
    """Put an event into words; ``text`` is its personal text, opened or masked, empty without one."""
    return SENTENCES[type(event)](event, visitor, text)
