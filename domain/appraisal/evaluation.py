"""The evaluation (考评) in its four kinds: self 自评, peer 互评, residents 住户评议, superior 上级鉴定 (D2 二).

D2 gives evaluations no weight: they are shown beside the tally and change no points.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import NAMESPACE_URL, UUID, uuid5

from domain.kernel.aggregate import Folded, FoldedState, register
from domain.kernel.privacy import Private, Text
from domain.kernel.terms import EvaluationKind


def evaluation_stream(community: str, login: str, kind: EvaluationKind, period: str, by: str) -> UUID:
    """The id of an evaluator's evaluation of a person in a kind and period."""
    return uuid5(NAMESPACE_URL, f"gongdan:evaluation:{community}:{login}:{kind.value}:{period}:{by}")


@dataclass(frozen=True, slots=True)
class Opinion:
    """A score of 100, remarks, or both."""

    at: datetime
    score: int | None = None
    remarks: Text | None = None


@dataclass(frozen=True)
class EvaluationState(FoldedState):
    """The evaluation of ``login`` by ``by`` for ``period`` (``2026-03``, ``2026-Q1``, ``2026``); the last opinion counts."""

    id: UUID
    version: int
    community: str = ""
    login: str = ""
    kind: EvaluationKind = EvaluationKind.SELF
    period: str = ""
    by: str = ""
    opinions: tuple[Opinion, ...] = ()


@register
class Evaluation(Folded[EvaluationState]):
    """One person's evaluation of another, or of themselves."""

    TOPIC = "evaluation"
    STATE = EvaluationState

    class Event(Folded.Event[EvaluationState]):
        """Base of an evaluation's events."""

        community: str

    class EvaluationRecorded(Event):
        """记录: an opinion, which replaces the one before."""

        TOPIC = "evaluation.recorded"
        login: str
        kind: EvaluationKind
        period: str
        score: int | None = None
        remarks: Private | None = None

        def evolve(self, state: EvaluationState) -> EvaluationState:
            remarks = None if self.remarks is None else Text(self.remarks, self.originator_version, "remarks")
            return state.with_(
                community=self.community,
                login=self.login,
                kind=self.kind,
                period=self.period,
                by=self.meta.actor,
                opinions=(*state.opinions, Opinion(self.timestamp, self.score, remarks)),
            )
