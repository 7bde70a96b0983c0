"""Queries for one warning or evaluation, whose texts are opened with an entry in the access log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from domain.appraisal.evaluation import EvaluationState
from domain.appraisal.reading_right import Reported, reads_reported
from domain.appraisal.reprimand import ReprimandState
from domain.finding.reading import MASKED_ROLES, FindingRecords
from domain.kernel.aggregate import FoldedState
from domain.kernel.errors import NotFound
from domain.kernel.periods import Month, Period
from domain.kernel.ports import Access, AccessLog
from domain.kernel.privacy import Text
from domain.kernel.recorded_access import on_record
from domain.kernel.terms import EvaluationKind
from domain.people.authority import Held, Mode, Relation, Right, denied, weigh
from domain.people.office import Office

S = TypeVar("S", bound=FoldedState)


@dataclass(frozen=True, slots=True)
class ReportedReading(Generic[S]):
    """A reprimand or evaluation as one person may see it; ``texts`` by name, masked or opened."""

    state: S
    texts: Mapping[str, str]


class ReportedRecords:
    """Answers queries about warnings and evaluations.

    A person may read what is in a list they may read. Texts are opened for people who may report such a thing, and under the
    rules for texts of findings.
    """

    def __init__(self, office: Office, findings: FindingRecords, access_log: AccessLog) -> None:
        self._office = office
        self._findings = findings
        self._access_log = access_log

    async def reprimand(self, login: str, reprimand: UUID) -> ReportedReading[ReprimandState]:
        """A warning or public criticism (D2 五.5), withdrawn ones included. Raises NotFound, NotAllowed."""
        state = await self._office.journal.load(reprimand, ReprimandState)
        if state is None or state.day is None:
            raise NotFound("warning")
        what = Reported(Right.WARNINGS, Month.of(state.day), state.login)
        found = {"reason": state.reason, "why_withdrawn": state.why_withdrawn}
        return ReportedReading(state, await self._read(login, state.id, state.community, "warning", what, found))

    async def evaluation(self, login: str, evaluation: UUID) -> ReportedReading[EvaluationState]:
        """The last opinion of an evaluation (D2 二). Raises NotFound, NotAllowed.

        A peer evaluation (互评) is NotFound for the person it is about: finding it by its id would reveal who wrote it.
        """
        state = await self._office.journal.load(evaluation, EvaluationState)
        if state is None or (state.kind is EvaluationKind.PEER and state.login == login):
            raise NotFound("evaluation")
        what = Reported(Right.EVALUATIONS, Period.parse(state.period).last, state.login, state.by)
        found = {"remarks": state.opinions[-1].remarks}
        return ReportedReading(state, await self._read(login, state.id, state.community, "evaluation", what, found))

    async def _read(
        self, login: str, stream: UUID, community: str, kind: str, what: Reported, found: Mapping[str, Text | None]
    ) -> dict[str, str]:
        """Open the texts. The access log is written first; if that fails, the texts stay masked."""
        directory = await self._office.directory.current()
        now = self._office.clock.now()
        roles = directory.roles(login, community, now)
        if not roles:
            raise NotFound(kind)
        if not reads_reported(directory, community, login, roles, await self._findings.book(community), what):
            raise denied(Right.READ_TALLIES, f"read this {kind}", roles)
        texts = {name: text for name, text in found.items() if text is not None}
        access = Access(now, login, community, kind, (), stream)
        may_open = self._opens(login, roles, what)
        clear, _ = await on_record(self._office.journal.sealer, self._access_log, access, list(texts.values()), may_open=may_open)
        return dict(zip(texts, clear, strict=True))

    @staticmethod
    def _opens(login: str, roles: Sequence[Held], what: Reported) -> bool:
        if login in (what.about, what.by) or weigh(what.right, roles, Relation()) is Mode.FULL:
            return True
        return not all(held.role in MASKED_ROLES for held in roles)
