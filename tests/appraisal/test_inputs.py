"""Figures, warnings, probations and evaluations: who may report them, what is refused, and that nothing is edited."""

from collections.abc import Awaitable, Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from domain.appraisal import commands as c
from domain.appraisal.desk import AppraisalDesk, Noted
from domain.appraisal.figure import FigureState
from domain.kernel.aggregate import Meta, occurred
from domain.kernel.errors import InvalidInput, KeyReused, NotAllowed, NotFound, RuleRefused, StaleVersion
from domain.kernel.journal import Belonging, Journal
from domain.kernel.request import Request
from domain.kernel.terms import EvaluationKind, Role
from domain.tally.months_closed import AppraisalBook, BookState, book_stream
from tests.support.authority_table import Standing, answer
from tests.support.estates.desk_estate import DAY, DH, JX, Estate
from tests.support.estates.proposing import ProposingLog, outcome

pytestmark = pytest.mark.anyio

RATE = c.ReportFigure(community=JX, name="resident_card_rate", period="2026-03", value=Decimal("0.91"))
WARNING = c.GiveReprimand.model_validate({"community": JX, "login": "assistant", "kind": "warning", "reason": "迟到三次"})
DAYS: dict[str, Any] = {"community": JX, "login": "technician", "from": "2026-01-01", "to": "2026-03-31"}
PASSED = {"date": "2026-03-01", "passed": True, "score": 88}


def probation(**more: Any) -> c.SetProbation:
    return c.SetProbation.model_validate({**DAYS, **more})


def opinion(login: str, kind: str, **more: Any) -> c.Evaluate:
    return c.Evaluate.model_validate({"community": JX, "login": login, "kind": kind, "period": "2026-03", "score": 90, **more})


def proposing(estate: Estate) -> AppraisalDesk:
    """The estate's desk over a log that only proposes events."""
    log: Any = ProposingLog(estate.g.store)
    journal = Journal(log, estate.g.journal.codec, estate.g.sealer)
    return AppraisalDesk(estate.office(journal))


async def close(estate: Estate, month: str) -> None:
    """Close a month with any tally."""
    stream = book_stream(JX)
    state = await estate.g.journal.load(stream, BookState)
    said = {"community": JX, "month": month, "rule_book": "default", "hash": "0" * 64, "position": 1, "tally": "{}"}
    at, meta = estate.clock.now(), Meta("director", estate.g.ids.new())
    event = occurred(AppraisalBook.MonthClosed, stream, (state.version if state else 0) + 1, at, meta, **said)
    await estate.g.journal.write([event], Belonging(JX, "Asia/Shanghai"))


Ask = Callable[[AppraisalDesk, Request], Awaitable[Noted[Any]]]
COMMANDS: list[tuple[str, str, Ask]] = [
    ("metrics", "metrics, register check", lambda desk, r: desk.report(RATE, r)),
    ("warnings", "warnings, probation results", lambda desk, r: desk.reprimand(WARNING, r)),
    ("probations", "warnings, probation results", lambda desk, r: desk.probation(probation(examination=PASSED), r)),
]


@pytest.mark.parametrize("role", Role)
async def test_who_may_report(estate: Estate, role: Role) -> None:
    desk, before = proposing(estate), await estate.footprint()
    login = f"{role.value}2" if role in (Role.ASSISTANT, Role.TECHNICIAN) else role.value
    for name, row, ask in COMMANDS:
        expected = "accepted" if answer(row, [role.value], Standing()) == "yes" else "denied"
        assert await outcome(ask(desk, estate.request(login))) == expected, name
    assert await estate.footprint() == before


RANKS = {"supervisor": 1, "director": 2, "appraiser": 3}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("kind", EvaluationKind)
async def test_who_may_evaluate_whom(estate: Estate, role: Role, kind: EvaluationKind) -> None:
    """Every role and kind: oneself, somebody below, an equal and a superior."""
    desk = proposing(estate)
    for subject in ("assistant2", "supervisor2", "director2", role.value):
        own, above = subject == role.value, RANKS.get(role.value, 0) > RANKS.get(subject.removesuffix("2"), 0)
        fits = {"self": own, "peer": not own, "superior": above and not own, "residents": not own}[kind.value]
        allowed = fits and answer("evaluations", [role.value], Standing(evaluation=kind.value)) == "yes"
        found = await outcome(desk.evaluate(opinion(subject, kind.value), estate.request(role.value)))
        assert found == ("accepted" if allowed else "denied"), subject


async def test_to_people_outside_there_is_nothing(estate: Estate) -> None:
    given = await estate.g.appraisal.reprimand(WARNING, estate.request("director"))
    before = await estate.footprint()
    withdrawal = c.WithdrawReprimand(reason="误发")
    for _, _, ask in COMMANDS:
        with pytest.raises(NotFound):
            await ask(estate.g.appraisal, estate.request("stranger"))
    with pytest.raises(NotFound, match="no such warning"):
        await estate.g.appraisal.withdraw(given.state.id, withdrawal, estate.request("stranger"))
    with pytest.raises(NotFound, match="no such warning"):
        await estate.g.appraisal.withdraw(estate.g.ids.new(), withdrawal, estate.request("stranger"))
    with pytest.raises(NotFound):
        await estate.g.appraisal.evaluate(opinion("assistant", "peer"), estate.request("stranger"))
    assert await estate.footprint() == before


async def test_a_later_value_supersedes_and_the_earlier_stays(estate: Estate) -> None:
    first = await estate.g.appraisal.report(RATE, estate.request("finance"))
    again = await estate.g.appraisal.report(RATE.model_copy(update={"value": Decimal("0.88")}), estate.request("director"))
    state = again.state
    assert (state.id, state.version, state.value) == (first.state.id, 2, Decimal("0.88"))
    assert [(one.value, one.by) for one in state.reports] == [(Decimal("0.91"), "finance"), (Decimal("0.88"), "director")]
    by_area = await estate.g.appraisal.report(RATE.model_copy(update={"area": "A1"}), estate.request("director"))
    assert (by_area.state.version, by_area.state.id != state.id) == (1, True)
    book = await estate.g.journal.existing(book_stream(JX), BookState)
    assert book.entries == 3


async def test_the_version_the_caller_saw(estate: Estate) -> None:
    await estate.g.appraisal.report(RATE, estate.request("finance", if_match=0))
    with pytest.raises(StaleVersion):
        await estate.g.appraisal.report(RATE, estate.request("finance", if_match=0))
    assert (await estate.g.appraisal.report(RATE, estate.request("finance", if_match=1))).state.version == 2


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"name": "unknown_rate"}, "/name"),
        ({"period": "2026-Q1"}, "/period"),
        ({"period": "2026-04"}, "/period"),
        ({"value": Decimal("91")}, "/value"),
        ({"name": "register_check_errors", "value": Decimal("0.5")}, "/value"),
        ({"area": "A9"}, "/area"),
    ],
)
async def test_a_wrong_figure_is_refused(estate: Estate, changed: dict[str, Any], pointer: str) -> None:
    before = await estate.footprint()
    with pytest.raises(InvalidInput) as refused:
        await estate.g.appraisal.report(RATE.model_copy(update=changed), estate.request("finance"))
    assert [error.pointer for error in refused.value.errors] == [pointer]
    assert await estate.footprint() == before


async def test_a_repeat_gets_the_first_answer(estate: Estate) -> None:
    for ask in (ask for _, _, ask in COMMANDS):
        first = await ask(estate.g.appraisal, estate.request("director", key="k"))
        before = await estate.footprint()
        again = await ask(estate.g.appraisal, estate.request("director", key="k"))
        assert (again.state, again.position, again.recorded_at) == (first.state, first.position, first.recorded_at)
        assert await estate.footprint() == before
        other = estate.request("director", key="k")
        assert other.key is not None
        object.__setattr__(other.key, "body_hash", b"another")
        with pytest.raises(KeyReused):
            await ask(estate.g.appraisal, other)
        await estate.g.store.database.write(lambda tx: tx.execute("DELETE FROM commands"))  # type: ignore[union-attr]


async def test_a_closed_month_takes_nothing_more(estate: Estate) -> None:
    given = await estate.g.appraisal.reprimand(WARNING, estate.request("director"))
    await close(estate, "2026-03")
    estate.clock.forward(31 * DAY)
    before = await estate.footprint()
    asked: list[tuple[Ask, Any]] = [
        (lambda d, r: d.report(RATE, r), RuleRefused),
        (lambda d, r: d.report(RATE.model_copy(update={"name": "fee_collection_rate", "period": "2026-Q1"}), r), RuleRefused),
        (lambda d, r: d.reprimand(WARNING.model_copy(update={"date": date(2026, 3, 31)}), r), RuleRefused),
        (lambda d, r: d.withdraw(given.state.id, c.WithdrawReprimand(reason="误发"), r), RuleRefused),
    ]
    for ask, refusal in asked:
        with pytest.raises(refusal, match="2026-03 is closed"):
            await ask(estate.g.appraisal, estate.request("director"))
    assert await estate.footprint() == before
    await estate.g.appraisal.reprimand(WARNING.model_copy(update={"date": date(2026, 4, 1)}), estate.request("director"))
    await estate.g.appraisal.evaluate(opinion("assistant", "peer"), estate.request("butler"))


async def test_nobody_decides_about_themselves(estate: Estate) -> None:
    for command in (
        estate.g.appraisal.reprimand(WARNING.model_copy(update={"login": "director"}), estate.request("director")),
        estate.g.appraisal.probation(probation(login="hr"), estate.request("hr")),
    ):
        with pytest.raises(NotAllowed, match="about them"):
            await command
    given = await estate.g.appraisal.reprimand(WARNING.model_copy(update={"login": "director"}), estate.request("appraiser"))
    with pytest.raises(NotAllowed, match="about them"):
        await estate.g.appraisal.withdraw(given.state.id, c.WithdrawReprimand(reason="误发"), estate.request("director"))


async def test_a_warning_is_withdrawn_once(estate: Estate) -> None:
    given = await estate.g.appraisal.reprimand(WARNING, estate.request("hr"))
    withdrawn = await estate.g.appraisal.withdraw(given.state.id, c.WithdrawReprimand(reason="误发"), estate.request("director"))
    assert (withdrawn.state.counts, withdrawn.state.withdrawn_by, withdrawn.state.version) == (False, "director", 2)
    with pytest.raises(RuleRefused) as refused:
        await estate.g.appraisal.withdraw(given.state.id, c.WithdrawReprimand(reason="误发"), estate.request("hr"))
    assert refused.value.rule == "withdrawn_once"


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [({"login": "nobody"}, "/login"), ({"login": "auditor"}, "/login"), ({"date": date(2026, 3, 3)}, "/date")],
)
async def test_a_wrong_warning_is_refused(estate: Estate, changed: dict[str, Any], pointer: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        await estate.g.appraisal.reprimand(WARNING.model_copy(update=changed), estate.request("director"))
    assert [error.pointer for error in refused.value.errors] == [pointer]


async def test_a_probation_and_its_examinations(estate: Estate) -> None:
    desk = estate.g.appraisal
    with pytest.raises(InvalidInput, match="no probation yet"):
        await desk.probation(
            c.SetProbation.model_validate({"community": JX, "login": "technician", "examination": PASSED}), estate.request("hr")
        )
    await desk.probation(probation(), estate.request("hr"))
    failed = await desk.probation(probation(examination={**PASSED, "passed": False}), estate.request("hr"))
    passed = await desk.probation(
        c.SetProbation.model_validate({"community": JX, "login": "technician", "examination": PASSED}),
        estate.request("appraiser"),
    )
    assert [one.passed for one in failed.state.examinations] == [False]
    assert [(one.passed, one.by) for one in passed.state.examinations] == [(False, "hr"), (True, "appraiser")]
    anew = await desk.probation(probation(**{"from": "2026-02-01", "to": "2026-04-30"}), estate.request("hr"))
    assert (anew.state.start, anew.state.end, anew.state.examinations) == (date(2026, 2, 1), date(2026, 4, 30), ())
    for wrong in ({"date": "2026-03-03"}, {"date": "2025-12-31"}):
        with pytest.raises(InvalidInput):
            await desk.probation(probation(examination={**PASSED, **wrong}), estate.request("hr"))


@pytest.mark.parametrize("wrong", [{"from": None}, {"to": "2025-12-31"}, {"from": None, "to": None}])
def test_a_probation_says_something_whole(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"give|before"):
        probation(**wrong)


async def test_an_evaluation_is_of_one_person_kind_period_and_speaker(estate: Estate) -> None:
    desk = estate.g.appraisal
    first = await desk.evaluate(opinion("assistant", "peer", remarks="乐于助人"), estate.request("butler"))
    again = await desk.evaluate(opinion("assistant", "peer", score=70), estate.request("butler"))
    assert (first.state.id, [one.score for one in again.state.opinions]) == (again.state.id, [90, 70])
    others = [
        await desk.evaluate(opinion("assistant", "peer"), estate.request("technician")),
        await desk.evaluate(opinion("assistant", "self"), estate.request("assistant")),
        await desk.evaluate(opinion("assistant", "peer", period="2026-Q1"), estate.request("butler")),
        await desk.evaluate(opinion("assistant", "residents", period="2026"), estate.request("appraiser")),
    ]
    assert len({one.state.id for one in (first, *others)}) == 5
    for wrong in ({"period": "2026-04"}, {"login": "stranger"}, {"login": "auditor"}, {"period": "2024"}):
        with pytest.raises(InvalidInput):
            await desk.evaluate(opinion("assistant", "peer").model_copy(update=wrong), estate.request("butler"))
    with pytest.raises(ValueError, match="give a score"):
        c.Evaluate(community=JX, login="assistant", kind=EvaluationKind.SELF, period="2026-03")


async def test_communities_do_not_meet(estate: Estate) -> None:
    await estate.g.appraisal.report(RATE, estate.request("finance"))
    there = await estate.g.appraisal.report(RATE.model_copy(update={"community": DH}), estate.request("appraiser"))
    assert isinstance(there.state, FigureState)
    assert (there.state.community, there.state.version) == (DH, 1)
