"""Approvals: who may be the second person, what is judged when, and how the command ends ("Second person" of the model).

Long because each question about a second person (who may, what is judged when, what is carried out) is asked of every kind of
command over one estate.
"""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.approval.aggregate import Approval
from domain.approval.waiting import Waiting
from domain.kernel.aggregate import Meta, occurred
from domain.kernel.errors import Conflict, InvalidInput, KeyReused, NotAllowed, NotFound, StaleVersion
from domain.kernel.journal import Belonging
from domain.kernel.ports import CommandKey
from domain.kernel.privacy import Personal
from domain.kernel.terms import ApprovalState, AssigneeType, Role, State
from domain.publication.commands import PublishPriceList
from domain.service_desk.disclosure import Disclose
from domain.service_desk.erasure import Erase
from domain.service_desk.outcome import Done
from domain.ticket import commands as c
from tests.support.authority_table import ROLES, ROWS
from tests.support.clock import MORNING
from tests.support.estates.desk_estate import DAY, DH, HOUR, JX, SECONDS, Estate, leak
from tests.support.estates.proposing import approvals_over, outcome, proposing

pytestmark = pytest.mark.anyio
TICK = timedelta(microseconds=1)
WORKS = c.ApproveMajorWorks(agreed_due_at="2026-06-01T00:00:00+08:00", reason="更换总立管")
PRICES = """
version = "2026-JX"
[services]
repair_lock = { name = "门锁维修", unit = "次", price_yuan = "66.00" }
"""
ROWS_OF_TWO = {row for row, cells in ROWS.items() if "2" in cells.values() and not row.startswith(("finding", "import"))}
"""Findings and foreign logs have their own tests."""


async def repair(estate: Estate, *, area: str = "A1", complained_of: tuple[str, ...] = ()) -> str:
    ticket = await estate.receive(location=c.Place(area=area), complained_of=complained_of)
    await estate.act("supervisor", ticket, c.Classify(kind="repair", facility="private"))
    return ticket


async def ask(estate: Estate, row: str, login: str, ticket: str, **request: Any) -> Waiting:
    """Request what a row of the table gives to two people."""
    asked = estate.request(login, **request)
    if row == "erase a subject":
        return await estate.g.erasure.ask(Erase(ticket=ticket, reason="request"), asked)
    if row == "disclose to police":
        return await estate.g.disclosure.ask(Disclose(ticket=ticket, reference="X-2026-17"), asked)
    if row == "price list":
        return await estate.g.publication.ask(PublishPriceList(community=JX, text=PRICES), asked)
    command = WORKS if row == "approve_major_works" else c.Note(text="昨天的事")
    if row == "late entry over 24 h":
        asked = estate.request(login, occurred_at=estate.clock.now() - 2 * DAY, **request)
    waiting = await estate.g.desk.act(ticket, command, asked)
    assert isinstance(waiting, Waiting)
    return waiting


EVERYBODY = [login for role in Role for login in (role.value, f"{role.value}2")[: 1 + (role in SECONDS)]]


def role_of(login: str) -> str:
    return login.removesuffix("2")


def test_the_rows_of_two() -> None:
    assert {
        "late entry over 24 h",
        "approve_major_works",
        "price list",
        "disclose to police",
        "erase a subject",
    } == ROWS_OF_TWO


@pytest.mark.parametrize("row", sorted(ROWS_OF_TWO))
async def test_who_asks_and_who_approves(estate: Estate, row: str) -> None:
    """Every role requests; every role approves and rejects each request. One row entitles both; never one person both."""
    ticket = await repair(estate)
    estate.clock.forward(10 * DAY)
    approvals = approvals_over(estate, proposing(estate))
    cells = {role: ROWS[row].get(role, "–") for role in (*ROLES, "admin")}
    for login in EVERYBODY:
        if cells[role_of(login)] != "2":
            before = await estate.footprint()
            with pytest.raises(NotAllowed):
                await ask(estate, row, login, ticket)
            assert await estate.footprint() == before
            continue
        waiting = await ask(estate, row, login, ticket)
        assert waiting.case.status is ApprovalState.REQUESTED
        before = await estate.footprint()
        for second in EVERYBODY:
            entitled = cells[role_of(second)] == "2" and second != login
            for deciding in (
                approvals.approve(waiting.case.id, estate.request(second)),
                approvals.reject(waiting.case.id, "不同意", estate.request(second)),
            ):
                assert await outcome(deciding) == ("accepted" if entitled else "denied"), (login, second)
            if entitled or second == login:
                assert (await approvals.case(waiting.case.id, second)).id == waiting.case.id
            else:
                with pytest.raises(NotAllowed):
                    await approvals.case(waiting.case.id, second)
        assert await estate.footprint() == before


async def test_outsiders_learn_of_no_approval(estate: Estate) -> None:
    waiting = await ask(estate, "approve_major_works", "director", await repair(estate))
    refusals = []
    for case in (waiting.case.id, UUID(int=404), UUID(int=0), waiting.case.stream):
        for asking in (
            estate.g.approvals.approve(case, estate.request("stranger")),  # type: ignore[arg-type]
            estate.g.approvals.reject(case, "?", estate.request("stranger")),  # type: ignore[arg-type]
            estate.g.approvals.case(case, "stranger"),  # type: ignore[arg-type]
        ):
            with pytest.raises(NotFound) as refused:
                await asking
            refusals.append(vars(refused.value))
    assert all(refusal == refusals[0] for refusal in refusals)
    for asked in (
        estate.g.erasure.ask(Erase(ticket=str(waiting.case.stream), reason="x"), estate.request("stranger")),
        estate.g.disclosure.ask(Disclose(ticket="nonsense", reference="X-1"), estate.request("stranger")),
    ):
        with pytest.raises(NotFound):
            await asked
    for community in (JX, "XX"):
        with pytest.raises(NotFound):
            await estate.g.publication.ask(PublishPriceList(community=community, text=PRICES), estate.request("stranger"))


async def test_an_appraiser_of_the_company_is_a_second_person_everywhere(estate: Estate) -> None:
    asked = PublishPriceList(community=DH, text=PRICES)
    waiting = await estate.g.publication.ask(asked, estate.request("stranger"))
    approved = await estate.g.approvals.approve(waiting.case.id, estate.request("appraiser"))
    assert approved.case.status is ApprovalState.APPROVED


async def test_who_is_complained_of_decides_nothing(estate: Estate) -> None:
    ticket = await repair(estate, complained_of=("director2",))
    waiting = await ask(estate, "approve_major_works", "director", ticket)
    for deciding in (
        estate.g.approvals.approve(waiting.case.id, estate.request("director2")),
        estate.g.approvals.reject(waiting.case.id, "不同意", estate.request("director2")),
    ):
        with pytest.raises(NotAllowed):
            await deciding
    await estate.g.approvals.approve(waiting.case.id, estate.request("supervisor"))


# --- carried out --------------------------------------------------------------------------------------------------


async def test_both_are_named_and_both_streams_move_in_one_commit(estate: Estate) -> None:
    ticket = await repair(estate)
    waiting = await ask(estate, "approve_major_works", "assistant", ticket)
    now = estate.clock.forward(HOUR)
    approved = await estate.g.approvals.approve(waiting.case.id, estate.request("director"))
    *_, event = await estate.events(ticket)
    assert (event.TOPIC, event.timestamp) == ("ticket.major_works_approved", now)
    assert (event.meta.actor, event.meta.second_person, event.meta.causation_id) == ("assistant", "director", waiting.case.id)
    assert not event.meta.back_entered
    case = approved.case
    assert (case.requested_by, case.decided_by, case.decided_at) == ("assistant", "director", now)
    assert (case.status, case.result, case.outcome) == (ApprovalState.APPROVED, event.originator_id, None)
    *_, of_ticket, of_case = await estate.g.store.read_log(0, 1000)
    assert (of_ticket.stream_id, of_case.stream_id) == (event.originator_id, case.id)
    assert of_case.position == approved.position == of_ticket.position + 1
    reading = await estate.g.inquiries.ticket("assistant", ticket)
    assert reading.state.timeline.major_works_due_at == WORKS.agreed_due_at


@pytest.mark.parametrize("second", ["appraiser", "director2"])
async def test_a_price_list_counts_from_its_approval(estate: Estate, second: str) -> None:
    with pytest.raises(InvalidInput):
        await estate.g.publication.ask(PublishPriceList(community=JX, text="version = 3"), estate.request("director"))
    ticket = await repair(estate)
    await estate.act("assistant", ticket, c.Dispatch(assignee="technician"))
    quote = c.Quote(lines=(c.QuoteLine(code="repair_lock", quantity=2),))
    waiting = await ask(estate, "price list", "director", ticket)
    state = await estate.act("technician", ticket, quote)
    assert state.charge is not None
    assert state.charge.total_fen == 8000
    async with estate.again() as other:
        await other.g.approvals.approve(waiting.case.id, other.request(second))
        state = await estate.act("technician", ticket, quote)
        assert state.charge is not None
        assert (state.charge.total_fen, state.charge.price_list) == (13200, "2026-JX")
    [event] = [
        estate.g.journal.codec.decode(e)
        for e in await estate.g.store.read_log(0, 1000)
        if e.topic == "community.price_list_published"
    ]
    assert (event.meta.actor, event.meta.second_person) == ("director", second)


async def test_a_disclosure_is_kept_with_its_reference(estate: Estate) -> None:
    ticket = await repair(estate)
    waiting = await ask(estate, "disclose to police", "privacy_officer", ticket)
    approved = await estate.g.approvals.approve(waiting.case.id, estate.request("privacy_officer2"))
    [event] = await estate.events_of(approved.case.result)
    assert (event.reference, str(event.ticket)) == ("X-2026-17", ticket)
    assert (event.meta.actor, event.meta.second_person) == ("privacy_officer", "privacy_officer2")


async def test_lateness_and_flags_are_of_the_request(estate: Estate) -> None:
    ticket = await repair(estate)
    now = estate.clock.forward(12 * HOUR)
    on_time = await ask(estate, "approve_major_works", "assistant", ticket)
    late = await ask(estate, "approve_major_works", "assistant", ticket, occurred_at=now - HOUR)
    await estate.g.duty.open(JX, estate.request("assistant"))
    drafted = await ask(estate, "approve_major_works", "assistant", ticket, occurred_at=now - HOUR, offline=True)
    estate.clock.forward(23 * HOUR)
    found = []
    for waiting in (late, drafted, on_time):
        await estate.g.approvals.approve(waiting.case.id, estate.request("director"))
        *_, event = await estate.events(ticket)
        found.append((event.timestamp, event.meta.back_entered, event.meta.offline_entered))
    assert found == [
        (now - HOUR, True, False),
        (now - HOUR, False, True),
        (now + 23 * HOUR, False, False),
    ]


async def test_authority_is_of_the_request_for_who_asked_and_of_the_approval_for_who_approves(estate: Estate) -> None:
    admin, by = estate.g.administration, estate.operator
    ticket = await repair(estate)
    waiting = await ask(estate, "approve_major_works", "assistant", ticket)
    await admin.disable("assistant", by)
    with pytest.raises(NotAllowed):
        await estate.g.approvals.approve(waiting.case.id, estate.request("butler"))
    await admin.grant("butler", Role.SUPERVISOR, JX, None, None, None, by)
    [grant] = (await estate.g.directory.current()).person("director").grants
    await admin.end_grant("director", grant.id, grant.valid_from - DAY, by)
    with pytest.raises(NotFound):
        await estate.g.approvals.approve(waiting.case.id, estate.request("director"))
    approved = await estate.g.approvals.approve(waiting.case.id, estate.request("butler"))
    assert approved.case.status is ApprovalState.APPROVED


async def test_a_contractors_step_entered_late_names_all_three(estate: Estate) -> None:
    ticket = await repair(estate)
    given = c.Dispatch(assignee=c.AssigneeRef(type=AssigneeType.CONTRACTOR, id="acme"))
    await estate.run(ticket, [("assistant", given), ("assistant", c.Start())])
    estate.clock.forward(2 * DAY)
    done = c.Complete(resolution="防水已做")
    waiting = await estate.ask("assistant", ticket, done, occurred_at=MORNING + HOUR)
    await estate.g.approvals.approve(waiting.case.id, estate.request("supervisor"))
    *_, event = await estate.events(ticket)
    assert event.timestamp == MORNING + HOUR
    assert (event.meta.actor, event.meta.on_behalf_of, event.meta.second_person, event.meta.back_entered) == (
        "assistant",
        "contractor:acme",
        "supervisor",
        True,
    )
    assert (await estate.state(ticket)).workers == ("contractor:acme",)


async def test_a_late_receipt_becomes_a_ticket(estate: Estate) -> None:
    estate.clock.forward(3 * DAY)
    waiting = await estate.g.desk.receive(leak(), estate.request("assistant", occurred_at=MORNING))
    assert isinstance(waiting, Waiting)
    approved = await estate.g.approvals.approve(waiting.case.id, estate.request("director"))
    reading = await estate.g.inquiries.ticket("assistant", str(approved.case.result))
    assert (reading.state.received_at, reading.texts["reporter_name"]) == (MORNING, "王小明")
    assert reading.numbers.number == "GD-JX-20260305-0001"


async def test_what_was_asked_is_kept_whole(estate: Estate) -> None:
    """Also a null with a meaning: the correction that clears a field."""
    ticket = await repair(estate)
    now = estate.clock.forward(3 * DAY)
    clear = c.Correct(field="reporter.name", value=None, reason="register_error")
    waiting = await estate.ask("assistant", ticket, clear, occurred_at=now - 2 * DAY)
    approved = await estate.g.approvals.approve(waiting.case.id, estate.request("director"))
    assert approved.case.status is ApprovalState.APPROVED
    assert (await estate.state(ticket)).reporter_name is None


# --- not carried out ----------------------------------------------------------------------------------------------


async def test_legality_is_of_the_approval(estate: Estate) -> None:
    ticket = await repair(estate)
    waiting = await ask(estate, "approve_major_works", "assistant", ticket)
    await estate.act("assistant", ticket, c.Cancel(reason="withdrawn"))
    version = (await estate.state(ticket)).version
    failed = await estate.g.approvals.approve(waiting.case.id, estate.request("director"))
    assert failed.case.status is ApprovalState.FAILED
    assert failed.case.outcome == "TransitionRefused: approve_major_works is not legal in state cancelled; legal now: note"
    assert (failed.case.decided_by, failed.case.result) == ("director", None)
    assert (await estate.state(ticket)).version == version
    with pytest.raises(Conflict) as again:
        await estate.g.approvals.approve(waiting.case.id, estate.request("director2"))
    assert again.value.data == {"status": "failed"}


async def test_what_was_illegal_when_asked_may_be_legal_when_approved(estate: Estate) -> None:
    ticket = await estate.receive()
    waiting = await ask(estate, "approve_major_works", "assistant", ticket)
    await estate.act("assistant", ticket, c.Classify(kind="repair", facility="private"))
    approved = await estate.g.approvals.approve(waiting.case.id, estate.request("director"))
    assert approved.case.status is ApprovalState.APPROVED


async def test_the_order_of_time_is_of_the_approval(estate: Estate) -> None:
    ticket = await repair(estate)
    now = estate.clock.forward(3 * DAY)
    waiting = await estate.ask("assistant", ticket, c.Note(text="前天"), occurred_at=now - 2 * DAY)
    await estate.act("assistant", ticket, c.Note(text="今天"))
    failed = await estate.g.approvals.approve(waiting.case.id, estate.request("director"))
    assert failed.case.status is ApprovalState.FAILED
    assert "previous event" in str(failed.case.outcome)


async def test_whom_it_names_is_of_the_approval(estate: Estate) -> None:
    ticket = await repair(estate)
    now = estate.clock.forward(3 * DAY)
    waiting = await estate.ask("assistant", ticket, c.Dispatch(assignee="nobody"), occurred_at=now - 2 * DAY)
    failed = await estate.g.approvals.approve(waiting.case.id, estate.request("director"))
    assert failed.case.status is ApprovalState.FAILED
    assert (await estate.state(ticket)).state is State.CLASSIFIED


async def test_what_is_no_longer_well_formed_has_failed(estate: Estate) -> None:
    """Requested by an earlier version of the program; the failure's reason repeats nothing of its text."""
    ticket = await estate.state(await repair(estate))
    now, meta = estate.clock.now(), Meta("assistant", estate.g.ids.new())
    assert ticket.subject is not None
    asked = occurred(
        Approval.ApprovalRequested,
        estate.g.ids.new(),
        1,
        now,
        meta,
        community=JX,
        right="approve_major_works",
        command="approve_major_works",
        arguments=Personal(ticket.subject, '{"until": "王小明"}'),
        expires_at=now + DAY,
        stream=ticket.id,
    )
    await estate.g.journal.write([asked], Belonging(JX))
    failed = await estate.g.approvals.approve(asked.originator_id, estate.request("director"))
    assert failed.case.status is ApprovalState.FAILED
    assert failed.case.outcome == "ValidationError: the requested command is no longer well-formed"


async def test_rejected_with_a_reason_that_is_sealed(estate: Estate) -> None:
    ticket = await repair(estate)
    waiting = await ask(estate, "approve_major_works", "assistant", ticket)
    rejected = await estate.g.approvals.reject(waiting.case.id, "材料不全", estate.request("director"))
    assert (rejected.case.status, rejected.case.decided_by) == (ApprovalState.REJECTED, "director")
    for deciding in (
        estate.g.approvals.approve(waiting.case.id, estate.request("director2")),
        estate.g.approvals.reject(waiting.case.id, "再次", estate.request("director2")),
    ):
        with pytest.raises(Conflict) as again:
            await deciding
        assert again.value.data == {"status": "rejected"}
    assert (await estate.state(ticket)).version == 2


async def test_expires_after_a_day(estate: Estate) -> None:
    ticket = await repair(estate)
    first = await ask(estate, "approve_major_works", "assistant", ticket)
    second = await ask(estate, "approve_major_works", "assistant", ticket)
    estate.clock.forward(DAY - TICK)
    await estate.g.approvals.approve(first.case.id, estate.request("director"))
    estate.clock.forward(TICK)
    assert second.case.status_at(estate.clock.now()) is ApprovalState.EXPIRED
    for deciding in (
        estate.g.approvals.approve(second.case.id, estate.request("director")),
        estate.g.approvals.reject(second.case.id, "不同意", estate.request("director2")),
    ):
        with pytest.raises(Conflict) as late:
            await deciding
        assert late.value.data == {"status": "expired"}
    events = await estate.events_of(second.case.id)
    assert [(e.TOPIC, e.timestamp) for e in events[1:]] == [("approval.expired", MORNING + DAY)]


async def test_the_expiry_is_written_once_whoever_comes_first(estate: Estate) -> None:
    waiting = await ask(estate, "approve_major_works", "assistant", await repair(estate))
    estate.clock.forward(2 * DAY)
    async with estate.again() as other:
        found = await asyncio.gather(
            *(
                process.g.approvals.approve(waiting.case.id, process.request(login))
                for process in (estate, other)
                for login in ("director", "director2", "supervisor", "assistant2")
            ),
            return_exceptions=True,
        )
    assert all(isinstance(error, Conflict) and error.data == {"status": "expired"} for error in found)
    assert [e.TOPIC for e in await estate.events_of(waiting.case.id)] == ["approval.requested", "approval.expired"]


# --- repeats and races --------------------------------------------------------------------------------------------


def key(login: str, name: str, body: bytes = b"same body") -> CommandKey:
    return CommandKey(login, name, body)


@pytest.mark.parametrize("row", sorted(ROWS_OF_TWO))
async def test_a_repeat_asks_and_approves_once(estate: Estate, row: str) -> None:
    ticket = await repair(estate)
    estate.clock.forward(5 * DAY)
    requester, second = ("director", "director2")
    asked = [await ask(estate, row, requester, ticket, key=key(requester, "k1")) for _ in range(2)]
    assert asked[0] == asked[1]
    with pytest.raises(KeyReused):
        await ask(estate, row, requester, ticket, key=key(requester, "k1", b"another body"))
    before = await estate.footprint()
    for _ in range(2):
        approved = await estate.g.approvals.approve(asked[0].case.id, estate.request(second, key=key(second, "k2")))
        assert approved.case.status is ApprovalState.APPROVED
    async with estate.again() as other:
        repeated = await other.g.approvals.approve(asked[0].case.id, other.request(second, key=key(second, "k2")))
        assert repeated == approved
    assert (await estate.footprint())["events"][0][0] == before["events"][0][0] + 2
    assert await ask(estate, row, requester, ticket, key=key(requester, "k1")) == asked[0]


async def test_a_repeated_rejection(estate: Estate) -> None:
    waiting = await ask(estate, "approve_major_works", "assistant", await repair(estate))
    first, second = [
        await estate.g.approvals.reject(waiting.case.id, "材料不全", estate.request("director", key=key("director", "k")))
        for _ in range(2)
    ]
    assert first == second


async def test_of_two_approvers_at_once_one_wins(estate: Estate) -> None:
    for attempt in range(5):
        waiting = await ask(estate, "approve_major_works", "assistant", await repair(estate))
        async with estate.again() as other:
            found: list[Any] = await asyncio.gather(
                estate.g.approvals.approve(waiting.case.id, estate.request("director")),
                other.g.approvals.approve(waiting.case.id, other.request("director2")),
                estate.g.approvals.reject(waiting.case.id, "不同意", estate.request("supervisor")),
                other.g.approvals.reject(waiting.case.id, "不同意", other.request("supervisor2")),
                return_exceptions=True,
            )
        won = [answer for answer in found if isinstance(answer, Waiting)]
        lost = [answer for answer in found if isinstance(answer, Conflict)]
        assert (len(won), len(lost)) == (1, 3), (attempt, found)
        status = won[0].case.status
        assert {answer.data["status"] for answer in lost} == {status.value}
        assert len(await estate.events_of(waiting.case.id)) == 2
        carried_out = (await estate.state(str(waiting.case.stream))).timeline.major_works_due_at is not None
        assert carried_out is (status is ApprovalState.APPROVED)


async def test_approved_while_somebody_acts_on_the_ticket(estate: Estate) -> None:
    """Either the works were approved before the ticket was cancelled, or the approval failed; never both or neither."""
    for _ in range(5):
        ticket = await repair(estate)
        waiting = await ask(estate, "approve_major_works", "assistant", ticket)
        async with estate.again() as other:
            decided, cancelled = await asyncio.gather(
                other.g.approvals.approve(waiting.case.id, other.request("director")),
                estate.act("assistant", ticket, c.Cancel(reason="withdrawn")),
            )
        topics = [event.TOPIC for event in await estate.events(ticket)][2:]
        if decided.case.status is ApprovalState.APPROVED:
            assert topics == ["ticket.major_works_approved", "ticket.cancelled"]
        else:
            assert decided.case.status is ApprovalState.FAILED
            assert topics == ["ticket.cancelled"]
        assert cancelled.state is State.CANCELLED


async def test_the_same_request_from_two_processes_at_once_asks_once(estate: Estate) -> None:
    ticket = await repair(estate)
    async with estate.again() as other:
        found = await asyncio.gather(
            *(
                ask(process, "approve_major_works", "assistant", ticket, key=key("assistant", "k"))
                for process in (estate, other) * 3
            )
        )
    assert len({waiting.case.id for waiting in found}) == 1


async def test_a_key_spent_on_a_ticket_asks_for_nothing(estate: Estate) -> None:
    ticket = await repair(estate)
    done = await estate.g.desk.act(ticket, c.Note(text="一"), estate.request("director", key=key("director", "k")))
    assert isinstance(done, Done)
    with pytest.raises(KeyReused):
        await estate.g.erasure.ask(Erase(ticket=ticket, reason="request"), estate.request("director", key=key("director", "k")))


async def test_whoever_knew_the_version_learns_what_happened_meanwhile(estate: Estate) -> None:
    ticket = await repair(estate)
    with pytest.raises(StaleVersion) as stale:
        await ask(estate, "approve_major_works", "assistant", ticket, if_match=1)
    assert [topic for _, topic, _, _ in stale.value.since] == ["ticket.classified"]
