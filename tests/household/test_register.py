"""The household register: dwellings, owners, residents and tenants, keys, moving in and out, linked callers.

Long because one household's story (moving in, keys, calls, moving out) runs through one estate.
"""

import asyncio
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from pydantic import ValidationError

from domain.approval.waiting import Waiting
from domain.household.commands import AddDwelling, CorrectContact, LinkCaller, MoveIn, MoveOut, ReceiveKeys, RegisterLine
from domain.household.register import RegisterState, register_stream
from domain.household.register_entry import LineVerdict
from domain.household.register_lines import Entered
from domain.kernel.aggregate import fold
from domain.kernel.errors import Conflict, InvalidInput, NotAllowed, NotFound, StaleVersion
from domain.kernel.privacy import Personal
from domain.kernel.sealing import seal_fields
from domain.kernel.terms import Role, Tenure
from domain.service_desk.outcome import Done
from domain.ticket import commands as c
from tests.household.register import HOME, PHONE, WANG, dwelling, line, opened, resident, take, told
from tests.support.clock import MORNING
from tests.support.estates.desk_estate import DAY, DH, JX, Estate, leak

pytestmark = pytest.mark.anyio

EVERYTHING = (Entered.DWELLING, Entered.RESIDENT, Entered.MOVED_IN, Entered.KEYS)


async def test_a_line_enters_dwelling_person_and_keys(shared: Estate) -> None:
    estate = shared
    [outcome] = await take(estate, line())
    assert (outcome.verdict, outcome.entered) == (LineVerdict.ACCEPTED, EVERYTHING)
    assert outcome.resident is not None
    assert outcome.dwelling is not None
    person = await estate.g.households.resident(outcome.resident)
    place = await estate.g.households.dwelling(outcome.dwelling)
    assert (place.area, place.building, place.entrance) == ("A1", "3", "2")
    assert await opened(estate, place.id, place.number) == "1201"
    assert await opened(estate, person.id, person.name) == WANG
    assert await opened(estate, person.id, person.phone) == PHONE
    assert await told(estate, person) == [(Tenure.OWNER, "A1", "3", "2", "1201")]
    [home] = person.occupancies
    assert (home.since, home.until, home.keys) == (date(2020, 5, 1), None, 3)
    assert place.subject not in person.subjects, "a dwelling is no person"


async def test_twice_is_once(shared: Estate) -> None:
    lines = [line(), line(name="李娜", phone=None, tenure="resident", keys=None), line(dwelling="1202", name=None, **NOBODY)]
    first = await take(shared, *lines)
    position = (await shared.g.store.head()).position
    assert [outcome.verdict for outcome in first] == [LineVerdict.ACCEPTED] * 3
    async with shared.again() as other:
        again = await take(other, *lines, *lines)
    assert [outcome.verdict for outcome in again] == [LineVerdict.ALREADY_THERE] * 6
    assert [outcome.resident for outcome in again[:3]] == [outcome.resident for outcome in first]
    assert (await shared.g.store.head()).position == position


NOBODY: dict[str, Any] = dict.fromkeys(("phone", "tenure", "since", "keys"))


async def test_one_person_is_owner_of_two_dwellings_and_several_share_one_phone(estate: Estate) -> None:
    wife = line(name="李娜", tenure="resident", keys=None)
    found = await take(estate, line(), line(dwelling="0302", tenure="owner"), wife, line(tenure="resident", keys=None))
    wang, other, li, both = found
    assert wang.resident == other.resident == both.resident != li.resident
    person = await estate.g.households.resident(wang.resident)  # type: ignore[arg-type]
    assert [(one.tenure, one.place.building) for one in person.occupancies] == [
        (Tenure.OWNER, "3"),
        (Tenure.OWNER, "3"),
        (Tenure.RESIDENT, "3"),
    ]
    namesake = await take(estate, line(phone="13900000001", dwelling="0909"))
    assert namesake[0].resident != wang.resident


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"area": "A9", "dwelling": "1"}, "unknown_area"),
    ({"area": "A2"}, "area_differs"),
    ({"phone": "13900000000"}, "phone_differs"),
    ({"since": "2021-01-01"}, "since_differs"),
    ({"keys": 2}, "keys_differ"),
    ({"since": None, "until": "2019-01-01"}, "until_before_since"),
]


@pytest.mark.parametrize(("fields", "reason"), REFUSED)
async def test_a_line_that_says_otherwise_than_the_roll_is_refused_and_its_neighbours_go_in(
    fields: dict[str, Any], reason: str, estate: Estate
) -> None:
    await take(estate, line())
    refused, neighbour = await take(estate, line(**fields), line(name="李娜", tenure="resident", keys=None))
    assert (refused.verdict, refused.reason) == (LineVerdict.REFUSED, reason)
    assert refused.detail
    assert neighbour.verdict is LineVerdict.ACCEPTED
    assert (await take(estate, line()))[0].verdict is LineVerdict.ALREADY_THERE


async def test_what_comes_later_is_added(estate: Estate) -> None:
    await take(estate, line(phone=None, keys=None))
    steps = [
        (line(keys=None), (Entered.CONTACT,)),
        (line(keys=2), (Entered.KEYS,)),
        (line(keys=3), (Entered.KEYS,)),
        (line(until="2025-01-31"), (Entered.MOVED_OUT,)),
        (line(since="2025-06-01", keys=None), (Entered.MOVED_IN,)),
    ]
    for given, entered in steps:
        [outcome] = await take(estate, given)
        assert outcome.entered == entered
    assert outcome.resident is not None
    person = await estate.g.households.resident(outcome.resident)
    assert [(one.since, one.until, one.keys) for one in person.occupancies] == [
        (date(2020, 5, 1), date(2025, 1, 31), 3),
        (date(2025, 6, 1), None, 0),
    ]
    assert (await take(estate, line(until="2025-02-01")))[0].reason == "until_differs"
    assert (await take(estate, line(since="2025-01-31", until="2025-02-01")))[0].reason == "since_differs"


@pytest.mark.parametrize(
    "fields",
    [
        {"name": None, "keys": None},
        {"tenure": None},
        {"until": "2019-01-01"},
        {"phone": "110"},
        {"building": "3 栋"},
        {"keys": 0},
        {"since": "0001-01-01"},
        {"name": "王\u202e明"},
    ],
)
def test_lines_that_are_none(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        line(**fields)


async def test_a_dry_run_decides_as_the_real_one_and_writes_nothing(estate: Estate) -> None:
    lines = [line(), line(), line(area="A9")]
    before = await estate.footprint()
    tried = await take(estate, *lines, dry=True)
    assert await estate.footprint() == before
    real = await take(estate, *lines)
    assert [(o.verdict, o.entered, o.reason) for o in tried] == [(o.verdict, o.entered, o.reason) for o in real]


async def test_two_registers_at_once_are_one(shared: Estate) -> None:
    lines = [line(dwelling=f"{floor}01", name=f"住户{floor}", phone=f"1380000{floor:04}") for floor in range(1, 21)]
    async with shared.again() as other:
        runs = await asyncio.gather(*(take(e, *batch) for e in (shared, other) for batch in (lines[:10], lines[10:], lines)))
    accepted = [outcome for run in runs for outcome in run if outcome.verdict is LineVerdict.ACCEPTED]
    assert len(accepted) == 20
    roll = await shared.g.journal.existing(register_stream(JX), RegisterState)
    assert (roll.dwellings, roll.residents) == (20, 20)
    members = await shared.g.register.members(JX)
    assert (len(members.dwellings), len(members.residents), members.version) == (20, 20, roll.version)


async def test_every_state_of_the_roll_is_its_fold(estate: Estate) -> None:
    await take(estate, line(), line(dwelling="1202", name="李娜", phone=None))
    members = await estate.g.register.members(JX)
    for stream in (*members.dwellings, *members.residents):
        assert fold(await estate.events_of(stream)) == (members.dwellings.get(stream) or members.residents[stream])


# --- from the desk --------------------------------------------------------------------------------------------------


async def test_an_address_is_entered_once(estate: Estate) -> None:
    first = await dwelling(estate)
    for again in ({}, {"area": None}, {"dwelling": "１２０１"}):
        with pytest.raises(Conflict) as conflict:
            await dwelling(estate, **again)
        assert conflict.value.data == {"id": str(first.id)}
    assert (await dwelling(estate, entrance=None)).id != first.id


async def test_moving_in_and_out_with_dates_and_keys(estate: Estate) -> None:
    households, by = estate.g.households, estate.operator
    await dwelling(estate)
    await dwelling(estate, dwelling="1202")
    person = await resident(estate)
    with pytest.raises(Conflict):
        await resident(estate)
    first = person.occupancies[0].id
    keys = await households.receive_keys(person.id, ReceiveKeys(occupancy=first, keys=2), by)
    assert keys.occupancies[0].keys == 2
    rented = MoveIn.model_validate({**HOME, "dwelling": "1202", "tenure": "tenant", "since": "2026-01-01", "keys": 1})
    both = await households.move_in(person.id, rented, by)
    assert [(one.tenure, one.keys) for one in both.occupancies] == [(Tenure.OWNER, 2), (Tenure.TENANT, 1)]
    with pytest.raises(Conflict):
        await households.move_in(person.id, rented, by)
    second = both.occupancies[1].id
    with pytest.raises(InvalidInput):
        await households.move_out(person.id, MoveOut(occupancy=second, until=date(2025, 12, 31)), by)
    with pytest.raises(InvalidInput):
        await households.move_out(person.id, MoveOut(occupancy=uuid4(), until=date(2026, 2, 28)), by)
    left = await households.move_out(person.id, MoveOut(occupancy=second, until=date(2026, 2, 28)), by)
    assert [one.current(date(2026, 2, 28)) for one in left.occupancies] == [True, True]
    assert [one.current(date(2026, 3, 1)) for one in left.occupancies] == [True, False]
    for refused in (
        households.move_out(person.id, MoveOut(occupancy=second, until=date(2026, 2, 28)), by),
        households.receive_keys(person.id, ReceiveKeys(occupancy=second, keys=1), by),
        households.move_in(person.id, rented.model_copy(update={"since": date(2026, 2, 1)}), by),
    ):
        with pytest.raises(Conflict):
            await refused
    back = await households.move_in(person.id, rented.model_copy(update={"since": date(2026, 3, 5), "keys": None}), by)
    assert len(back.occupancies) == 3
    with pytest.raises(InvalidInput) as unknown:
        await households.move_in(person.id, rented.model_copy(update={"dwelling": "9999"}), by)
    assert unknown.value.errors[0].pointer == "/dwelling"


async def test_a_contact_is_corrected_and_the_old_one_stays_in_its_event(estate: Estate) -> None:
    await dwelling(estate)
    person = await resident(estate)
    changed = await estate.g.households.correct(person.id, CorrectContact(phone="13900000000"), estate.operator)
    assert await opened(estate, person.id, changed.phone) == "13900000000"
    assert await opened(estate, person.id, changed.name) == WANG
    assert await opened(estate, person.id, person.phone) == PHONE
    with pytest.raises(InvalidInput):
        await estate.g.households.correct(person.id, CorrectContact(), estate.operator)
    assert (await take(estate, line()))[0].reason == "phone_differs"
    stale = estate.operator
    with pytest.raises(StaleVersion):
        await estate.g.households.correct(
            person.id, CorrectContact(name="王晓明"), type(stale)(stale.login, stale.command_id, True, None, person.version)
        )


async def test_texts_are_sealed_under_whom_they_are_about(estate: Estate) -> None:
    [outcome] = await take(estate, line())
    assert outcome.resident is not None
    assert outcome.dwelling is not None
    person, place = await estate.g.households.resident(outcome.resident), await estate.g.households.dwelling(outcome.dwelling)
    for stream, subject in ((person.id, person.subject), (place.id, place.subject)):
        texts = [text for event in await estate.events_of(stream) for _, text in seal_fields(event)]
        assert texts
        assert {text.subject for text in texts} == {subject}
        assert not any(isinstance(text, Personal) for text in texts)


# --- who may --------------------------------------------------------------------------------------------------------

KEEPS = {Role.ADMIN, Role.ASSISTANT, Role.SUPERVISOR, Role.DIRECTOR, Role.BUTLER}
"""Who keeps the roll in area A1; the butler's own."""


@pytest.mark.parametrize("role", Role)
async def test_who_keeps_the_roll(role: Role, estate: Estate) -> None:
    await dwelling(estate)
    before = await estate.footprint()
    if role in KEEPS:
        person = await resident(estate, role.value)
        moved = MoveOut(occupancy=person.occupancies[0].id, until=date(2026, 3, 1))
        assert (await estate.g.households.move_out(person.id, moved, estate.admin(role.value))).version == person.version + 1
    else:
        with pytest.raises(NotAllowed):
            await resident(estate, role.value)
        assert await estate.footprint() == before


async def test_a_butler_keeps_the_roll_of_their_own_area_only(estate: Estate) -> None:
    await dwelling(estate, area="A2")
    with pytest.raises(NotAllowed):
        await resident(estate, "butler")
    person = await resident(estate)
    with pytest.raises(NotAllowed):
        await estate.g.households.correct(person.id, CorrectContact(name="王晓明"), estate.admin("butler"))
    with pytest.raises(NotAllowed):
        await estate.g.register_entry.begin(JX, estate.admin("butler"))


async def test_nobody_outside_learns_of_anybody(estate: Estate) -> None:
    await dwelling(estate)
    person = await resident(estate)
    stranger = estate.admin("stranger")
    with pytest.raises(NotFound) as there:
        await estate.g.households.correct(person.id, CorrectContact(name="某"), stranger)
    with pytest.raises(NotFound) as absent:
        await estate.g.households.correct(uuid4(), CorrectContact(name="某"), stranger)
    assert str(there.value) == str(absent.value)
    with pytest.raises(NotFound):
        await estate.g.register_entry.begin(JX, stranger)
    with pytest.raises(NotFound):
        await estate.g.households.add_dwelling(AddDwelling.model_validate({"community": JX, **HOME}), stranger)


# --- reporters and callers ------------------------------------------------------------------------------------------


async def test_a_resident_named_as_reporter_is_filled_in_and_sealed_under_their_own_subject(shared: Estate) -> None:
    [outcome] = await take(shared, line())
    assert outcome.resident is not None
    person = await shared.g.households.resident(outcome.resident)
    named = leak(reporter={"resident_id": str(person.id)}, location=None)
    done = await shared.g.desk.receive(named, shared.request("assistant"))
    assert isinstance(done, Done)
    assert done.state.subject == person.subject
    [received] = await shared.events(str(done.state.id))
    assert {text.subject for _, text in seal_fields(received)} == {person.subject}
    texts = (await shared.g.inquiries.ticket("assistant", str(done.state.id))).texts
    assert (texts["reporter_name"], texts["reporter_phone"], texts["dwelling"]) == (WANG, PHONE, "1201")
    assert done.state.location is not None
    assert (done.state.location.area, done.state.location.building, done.state.location.entrance) == ("A1", "3", "2")


async def test_where_they_live_in_several_dwellings_the_place_is_said(estate: Estate) -> None:
    [outcome] = await take(estate, line())
    await take(estate, line(dwelling="0302"), line(tenure="resident", keys=None))
    named = {"resident_id": str(outcome.resident)}
    silent = await estate.g.desk.receive(leak(reporter=named, location=None), estate.request("assistant"))
    assert isinstance(silent, Done)
    assert silent.state.location is None
    said = await estate.g.desk.receive(leak(reporter=named, location=c.Place(public_place="东门")), estate.request("assistant"))
    assert isinstance(said, Done)
    assert said.state.location is not None
    assert said.state.location.public_place == "东门"


async def test_who_moved_out_has_no_place(estate: Estate) -> None:
    [outcome] = await take(estate, line(until="2026-03-01"))
    named = {"resident_id": str(outcome.resident)}
    done = await estate.g.desk.receive(leak(reporter=named, location=None), estate.request("assistant"))
    assert isinstance(done, Done)
    assert done.state.location is None


async def test_a_late_entry_about_a_resident_is_sealed_for_them_all_along(estate: Estate) -> None:
    [outcome] = await take(estate, line())
    assert outcome.resident is not None
    person = await estate.g.households.resident(outcome.resident)
    named = leak(reporter={"resident_id": str(person.id)}, location=None)
    waiting = await estate.g.desk.receive(named, estate.request("assistant", occurred_at=estate.clock.now() - 2 * DAY))
    assert isinstance(waiting, Waiting)
    assert waiting.case.arguments is not None
    assert waiting.case.arguments.subject == person.subject
    granted = await estate.g.approvals.approve(waiting.case.id, estate.request("director"))
    ticket = await estate.state(str(granted.case.result))
    assert ticket.subject == person.subject
    assert (await estate.g.inquiries.ticket("assistant", str(ticket.id))).texts["dwelling"] == "1201"


@pytest.mark.parametrize("who", ["nobody", "next door", "a dwelling", "a ticket"])
async def test_reporters_who_are_not_on_the_roll(who: str, estate: Estate) -> None:
    [here] = await take(estate, line())
    [there] = await take(estate, line(), community=DH)
    ids = {"nobody": uuid4(), "next door": there.resident, "a dwelling": here.dwelling, "a ticket": await estate.receive()}
    before = await estate.footprint()
    with pytest.raises(InvalidInput) as refused:
        await estate.g.desk.receive(leak(reporter={"resident_id": str(ids[who])}), estate.request("assistant"))
    assert refused.value.errors[0].pointer == "/reporter/resident_id"
    assert await estate.footprint() == before
    with pytest.raises(ValidationError):
        leak(reporter={"resident_id": str(here.resident), "name": WANG})


async def test_a_caller_is_linked_later_and_nothing_is_sealed_anew(shared: Estate) -> None:
    estate = shared
    ticket = await estate.receive()
    before = await estate.g.store.read_stream(await estate.g.desk.find(ticket))
    caller = (await estate.state(ticket)).subject
    [outcome] = await take(estate, line())
    assert outcome.resident is not None
    households, by = estate.g.households, estate.admin("assistant")
    linked = await households.link_caller(outcome.resident, LinkCaller(ticket=ticket), by)
    assert linked.callers == (caller,)
    assert list(await estate.g.store.read_stream(await estate.g.desk.find(ticket))) == list(before)
    assert (await estate.state(ticket)).subject == caller
    [other] = await take(estate, line(name="李娜", tenure="resident", keys=None))
    assert other.resident is not None
    for who in (outcome.resident, other.resident):
        with pytest.raises(Conflict):
            await households.link_caller(who, LinkCaller(ticket=ticket), by)
    unlinked = await households.unlink_caller(outcome.resident, LinkCaller(ticket=ticket), by)
    assert unlinked.callers == ()
    with pytest.raises(Conflict):
        await households.unlink_caller(outcome.resident, LinkCaller(ticket=ticket), by)
    assert (await households.link_caller(other.resident, LinkCaller(ticket=ticket), by)).callers == (caller,)
    with pytest.raises(NotFound):
        await households.link_caller(outcome.resident, LinkCaller(ticket=str(uuid4())), by)


async def test_a_caller_is_linked_to_one_person_whoever_is_faster(shared: Estate) -> None:
    ticket = await shared.receive()
    found = await take(shared, line(), line(name="李娜", tenure="resident", keys=None))

    async def link(estate: Estate, who: Any) -> bool:
        try:
            await estate.g.households.link_caller(who, LinkCaller(ticket=ticket), estate.admin("assistant"))
        except Conflict:
            return False
        return True

    async with shared.again() as other:
        done = await asyncio.gather(*(link(e, one.resident) for e in (shared, other) for one in found))
    assert sum(done) == 1


async def test_a_resident_given_to_the_table_alone_is_refused() -> None:
    """Code that decides without the household register (an import, the library) cannot fill in a resident."""
    from domain.ticket.decisions import decide
    from tests.support.ticket_factory import circumstances

    with pytest.raises(InvalidInput):
        decide(None, leak(reporter={"resident_id": str(uuid4())}), circumstances(MORNING))


def test_rows_say_what_they_are() -> None:
    assert RegisterLine.model_validate(HOME).name is None
