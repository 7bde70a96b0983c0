"""The handover sheet as values: its signed form byte by byte, what its hash covers, and which tickets are unconverted at noon."""

import time
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.duty.handover_sheet import (
    ChangedTicket,
    Difference,
    Dispute,
    Equipment,
    Sheet,
    SheetTicket,
    Signature,
    StaleSheet,
    difference,
    not_converted,
    sheet_ticket,
)
from domain.kernel.privacy import Personal, Sealed, Text
from domain.kernel.terms import ClockName, ClockStatus, Condition, Facility, Kind, State, Urgency
from domain.rules.clocks import Reading
from domain.ticket.events import Ticket
from tests.support.ticket_factory import (
    MORNING,
    POLICY,
    SUBJECT,
    TICKET,
    ZONE,
    classified,
    completed,
    dispatched,
    fact,
    received,
    sealed,
    ticket,
    uid,
)

MINUTE = timedelta(minutes=1)
AT = datetime(2026, 3, 2, 9, 25, tzinfo=ZONE)

RECEIVED_AT = datetime(2026, 3, 1, 14, 0, 0, 5, tzinfo=UTC)
LATE = Reading(
    ClockName.REPLY,
    ClockStatus.BREACHED,
    RECEIVED_AT,
    RECEIVED_AT + timedelta(days=2),
    RECEIVED_AT + timedelta(days=3),
    RECEIVED_AT + timedelta(days=2),
)
RUNS = Reading(ClockName.REPAIR, ClockStatus.RUNNING, RECEIVED_AT, RECEIVED_AT + timedelta(days=3))
WHOLE = SheetTicket(
    uid(0xA1),
    "GD-garden-20260301-0007",
    State.CLASSIFIED,
    4,
    Urgency.EMERGENCY,
    (LATE, RUNS),
    Kind.REPAIR,
    "维修-12",
    datetime(2026, 3, 3, 8, 30, tzinfo=ZONE),
)
BARE = SheetTicket(uid(0xB2), "GD-garden-20260302-0001", State.RECEIVED, 1, Urgency.NORMAL, ())
SHEET = Sheet(
    number=2,
    community="garden",
    shift=uid(0x71),
    officer="li.na",
    position=1234,
    prepared_by="wang",
    prepared_at=AT,
    tickets=(WHOLE, BARE),
    equipment=(Equipment("对讲机", Condition.GOOD), Equipment("钥匙", Condition.MISSING)),
    records=("夜班日志", "访客登记"),
    remarks=Text(Sealed(SUBJECT, 1, b"nonce-nonce-", b"ciphertext and tag"), 7, "remarks"),
)
SIGNED = (
    b'{"community":"garden",'
    b'"deferred":["00000000-0000-0000-0000-0000000000a1"],'
    b'"equipment":[{"condition":"good","item":"\xe5\xaf\xb9\xe8\xae\xb2\xe6\x9c\xba"},'
    b'{"condition":"missing","item":"\xe9\x92\xa5\xe5\x8c\x99"}],'
    b'"form":1,'
    b'"officer":"li.na",'
    b'"position":1234,'
    b'"prepared_at":"2026-03-02T01:25:00.000000Z",'
    b'"prepared_by":"wang",'
    b'"records":["\xe5\xa4\x9c\xe7\x8f\xad\xe6\x97\xa5\xe5\xbf\x97","\xe8\xae\xbf\xe5\xae\xa2\xe7\x99\xbb\xe8\xae\xb0"],'
    b'"remarks":"e4d6b74cccdaa565cee491ec43659c39b35838df45bdc4735a8232ef54a2dc1f",'
    b'"sheet":2,'
    b'"shift":"00000000-0000-0000-0000-000000000071",'
    b'"tickets":[{"book_number":"\xe7\xbb\xb4\xe4\xbf\xae-12",'
    b'"clocks":[{"breached_at":"2026-03-03T14:00:00.000005Z","clock":"reply","due_at":"2026-03-03T14:00:00.000005Z",'
    b'"started_at":"2026-03-01T14:00:00.000005Z","status":"breached","stopped_at":"2026-03-04T14:00:00.000005Z"},'
    b'{"breached_at":null,"clock":"repair","due_at":"2026-03-04T14:00:00.000005Z",'
    b'"started_at":"2026-03-01T14:00:00.000005Z","status":"running","stopped_at":null}],'
    b'"deferred_until":"2026-03-03T00:30:00.000000Z",'
    b'"id":"00000000-0000-0000-0000-0000000000a1",'
    b'"kind":"repair",'
    b'"number":"GD-garden-20260301-0007",'
    b'"state":"classified",'
    b'"urgency":"emergency",'
    b'"version":4},'
    b'{"book_number":null,"clocks":[],"deferred_until":null,"id":"00000000-0000-0000-0000-0000000000b2","kind":null,'
    b'"number":"GD-garden-20260302-0001","state":"received","urgency":"normal","version":1}]}'
)
"""What two people signed. These bytes and their hashes lie in logs for ever: a change of them breaks every signature there is."""


def test_the_signed_form_and_its_hash_are_these_bytes() -> None:
    assert SHEET.canonical == SIGNED
    assert SHEET.hash == "9b11134a943e1ca520ecf8a61c1ebfe6e01785f7de415a0015a3cbf194e22a3c"


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose own clock is set for New York."""
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "America/New_York")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("elsewhere")
def test_the_time_zone_of_the_machine_is_not_signed() -> None:
    assert SHEET.canonical == SIGNED


def test_a_sheet_without_remarks_says_so() -> None:
    assert b'"remarks":null' in replace(SHEET, remarks=None).canonical


def test_remarks_in_the_clear_are_not_signed() -> None:
    with pytest.raises(TypeError, match=r"^a sheet is made of sealed texts$"):
        _ = replace(SHEET, remarks=Text(Personal(SUBJECT, "备注"), 7, "remarks")).hash


def other(value: Any) -> Any:
    """A value of this type that is not equal to the given one."""
    match value:
        case int():
            return value + 1
        case datetime():
            return value + timedelta(microseconds=1)
        case Text(Sealed() as text):
            return replace(value, value=replace(text, ciphertext=text.ciphertext + b"."))
        case tuple():
            return value[:-1]
        case State() | Urgency() | Kind() | Condition() | ClockName() | ClockStatus():
            return next(one for one in type(value) if one is not value)
        case str():
            return value + "."
        case _:
            return uid(0xEE)


NOT_SIGNED = {"signed_out", "signed_in", "dispute"}
"""They come after the form that is signed."""
PARTS: dict[type, Any] = {
    Sheet: lambda name, value: replace(SHEET, **{name: value}),
    SheetTicket: lambda name, value: replace(SHEET, tickets=(replace(WHOLE, **{name: value}), BARE)),
    Reading: lambda name, value: replace(SHEET, tickets=(replace(WHOLE, clocks=(replace(LATE, **{name: value}), RUNS)), BARE)),
    Equipment: lambda name, value: replace(SHEET, equipment=(replace(SHEET.equipment[0], **{name: value}), SHEET.equipment[1])),
}
SAMPLES: dict[type, Any] = {Sheet: SHEET, SheetTicket: WHOLE, Reading: LATE, Equipment: SHEET.equipment[0]}
COVERED = [(part, one.name) for part in PARTS for one in fields(part) if part is not Sheet or one.name not in NOT_SIGNED]


@pytest.mark.parametrize(("part", "name"), COVERED, ids=[f"{part.__name__}.{name}" for part, name in COVERED])
def test_the_hash_covers_every_field(part: type, name: str) -> None:
    changed = PARTS[part](name, other(getattr(SAMPLES[part], name)))
    assert changed != SHEET
    assert changed.hash != SHEET.hash


def test_the_hash_covers_the_order_of_lists_and_the_nonce() -> None:
    assert SHEET.remarks
    assert isinstance(SHEET.remarks.value, Sealed)
    changed = [
        replace(SHEET, tickets=(BARE, WHOLE)),
        replace(SHEET, equipment=SHEET.equipment[::-1]),
        replace(SHEET, records=SHEET.records[::-1]),
        replace(SHEET, remarks=replace(SHEET.remarks, value=replace(SHEET.remarks.value, nonce=b"other-nonce-"))),
    ]
    assert len({SHEET.hash, *(one.hash for one in changed)}) == 1 + len(changed)


def test_signatures_and_disputes_do_not_change_what_was_signed() -> None:
    signature = Signature("wang", AT, SHEET.hash)
    later = replace(
        SHEET, signed_out=signature, signed_in=signature, dispute=Dispute("wang", AT, Text(sealed("少一把钥匙"), 8, "reason"))
    )
    assert later.canonical == SIGNED


# --- 未转单 (D5 五) ---------------------------------------------------------------------------------------------------

NOON = datetime(2026, 3, 3, 12, 0, tzinfo=ZONE)
TICK = timedelta(microseconds=1)


def waits(state: State, kind: Kind | None, at: datetime, until: datetime | None = NOON - timedelta(hours=3)) -> bool:
    return not_converted(state, kind, until, at, ZONE, POLICY.duty)


def test_a_deferred_ticket_is_not_converted_from_exactly_noon_of_its_day() -> None:
    assert not waits(State.RECEIVED, None, NOON - TICK)
    assert waits(State.RECEIVED, None, NOON)
    assert waits(State.RECEIVED, None, NOON.astimezone(UTC))
    assert waits(State.RECEIVED, None, NOON + TICK)
    assert not waits(State.RECEIVED, None, NOON, until=None)


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("kind", Kind)
def test_what_counts_as_not_converted(state: State, kind: Kind) -> None:
    """Any ticket that is still unclassified, and a classified repair without a work order."""
    expected = state is State.RECEIVED or (state is State.CLASSIFIED and kind is Kind.REPAIR)
    assert waits(state, kind, NOON) is expected


def test_noon_is_that_of_the_community_on_the_day_it_was_put_off_to() -> None:
    until = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)  # 3 March 01:00 in Shanghai, 2 March 12:00 in New York
    assert not waits(State.RECEIVED, None, NOON - TICK, until)
    assert waits(State.RECEIVED, None, NOON, until)
    new_york = ZoneInfo("America/New_York")
    noon = datetime(2026, 3, 2, 12, 0, tzinfo=new_york)
    assert not not_converted(State.RECEIVED, None, until, noon - TICK, new_york, POLICY.duty)
    assert not_converted(State.RECEIVED, None, until, noon, new_york, POLICY.duty)


# --- the list of unfinished tickets -----------------------------------------------------------------------------------


def test_a_ticket_is_listed_as_it_is_at_the_moment() -> None:
    deferred = fact(Ticket.TicketDeferred, told_resident=False, until=NOON)
    state = ticket(received(urgency=Urgency.EMERGENCY), classified(Kind.REPAIR, facility=Facility.PRIVATE), deferred)
    listed = sheet_ticket(state, "GD-1", "维修-1", MORNING + timedelta(days=2, hours=1))
    reply = Reading(
        ClockName.REPLY, ClockStatus.BREACHED, MORNING, MORNING + timedelta(days=2), None, MORNING + timedelta(days=2)
    )
    repair = Reading(ClockName.REPAIR, ClockStatus.RUNNING, MORNING, MORNING + timedelta(days=3))
    assert listed == SheetTicket(TICKET, "GD-1", state.state, 3, Urgency.EMERGENCY, (reply, repair), Kind.REPAIR, "维修-1", NOON)


def test_of_each_clock_the_last_round_is_listed() -> None:
    rework = fact(Ticket.FollowUpRecorded, satisfied=False, clock_policy=POLICY.clock_policy)
    state = ticket(received(), classified(), dispatched(), completed(), rework)
    listed = sheet_ticket(state, "GD-1", None, MORNING + timedelta(hours=1))
    assert [one.clock for one in listed.clocks] == [ClockName.REPLY, ClockName.REPAIR]
    assert listed.clocks[1].started_at == MORNING + 4 * MINUTE


def test_clocks_are_never_read_before_the_last_event() -> None:
    """A ticket may have been written by a machine whose clock is a little ahead of the sheet's."""
    state = ticket(received(), classified(), fact(Ticket.ResidentReplied, after=timedelta(hours=1)))
    assert sheet_ticket(state, "GD-1", None, MORNING).clocks[0].status is ClockStatus.MET


def moved(one: SheetTicket, version: int, state: State = State.DISPATCHED) -> SheetTicket:
    return replace(one, version=version, state=state)


def test_what_changed_since_the_sheet_was_prepared() -> None:
    new = replace(BARE, id=uid(0xC3), number="GD-garden-20260302-0002")
    assert difference([WHOLE, BARE], [new, moved(WHOLE, 5)]) == Difference(
        added=[new],
        gone=[BARE],
        changed=[ChangedTicket(WHOLE.id, WHOLE.number, State.DISPATCHED, 5, State.CLASSIFIED, 4)],
    )
    nothing = difference([WHOLE, BARE], [BARE, WHOLE])
    assert nothing == Difference([], [], [])
    assert not nothing
    for one in (difference([], [new]), difference([new], []), difference([WHOLE], [moved(WHOLE, 5)])):
        assert one


def test_a_stale_sheet_says_how_much_changed() -> None:
    since = difference([WHOLE, BARE], [moved(WHOLE, 5), replace(BARE, id=uid(1)), replace(BARE, id=uid(2))])
    refusal = StaleSheet(SHEET, since, "sign", ["prepare_handover"])
    assert (refusal.sheet, refusal.since) == (SHEET, since)
    assert (refusal.rule, refusal.clause, refusal.state) == ("sheet_current", "D1 4.1.3", "handing_over")
    assert (refusal.trigger, refusal.legal) == ("sign", ["prepare_handover"])
    assert refusal.detail == ("tickets changed after the sheet was prepared (2 added, 1 gone, 1 changed); prepare it again")
    back = StaleSheet(SHEET, Difference([], [], []), "sign", [])
    assert back.detail == "tickets changed after the sheet was prepared (and back); prepare it again"


def test_what_is_put_off_to_the_morning() -> None:
    assert SHEET.deferred == (WHOLE,)


def test_the_hash_is_the_sha_256_of_the_form() -> None:
    assert SHEET.hash == sha256(SIGNED).hexdigest()
