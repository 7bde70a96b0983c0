"""The probation (试用期) of a member of staff and its examination (考试考核): rules, knowledge, the estate (D2 五.2)."""

from dataclasses import dataclass
from datetime import date
from uuid import NAMESPACE_URL, UUID, uuid5

from domain.kernel.aggregate import Folded, FoldedState, register


def probation_stream(community: str, login: str) -> UUID:
    """The id of a person's probation in a community: one at a time."""
    return uuid5(NAMESPACE_URL, f"gongdan:probation:{community}:{login}")


@dataclass(frozen=True, slots=True)
class Examination:
    """An examination; ``score`` of 100 if one was given."""

    day: date
    passed: bool
    score: int | None = None
    by: str = ""


@dataclass(frozen=True)
class ProbationState(FoldedState):
    """A probation from ``start`` to ``end``, both included; the last examination counts."""

    id: UUID
    version: int
    community: str = ""
    login: str = ""
    start: date | None = None
    end: date | None = None
    set_by: str = ""
    examinations: tuple[Examination, ...] = ()


@register
class Probation(Folded[ProbationState]):
    """One person's probation."""

    TOPIC = "probation"
    STATE = ProbationState

    class Event(Folded.Event[ProbationState]):
        """Base of a probation's events."""

        community: str

    class ProbationSet(Event):
        """约定: the probation's days, which replace earlier ones.

        Another first day begins a new probation, without examinations.
        """

        TOPIC = "probation.set"
        login: str
        start: date
        end: date

        def evolve(self, state: ProbationState) -> ProbationState:
            kept = state.examinations if state.start == self.start else ()
            return state.with_(
                community=self.community,
                login=self.login,
                start=self.start,
                end=self.end,
                set_by=self.meta.actor,
                examinations=kept,
            )

    class ProbationExamined(Event):
        """考试考核: an examination; a later one replaces it."""

        TOPIC = "probation.examined"
        day: date
        passed: bool
        score: int | None = None

        def evolve(self, state: ProbationState) -> ProbationState:
            taken = Examination(self.day, self.passed, self.score, self.meta.actor)
            return state.with_(examinations=(*state.examinations, taken))
