"""Dated roles, by the community's own calendar; a grant or its end takes effect at once, in every process."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.system.holidays_of_china import HolidaysOfChina
from domain.kernel.errors import Conflict, InvalidInput, NotAllowed, NotFound
from domain.kernel.terms import AssigneeType, Role
from domain.people.administration import Administrator
from domain.people.community import CommunityState, community_stream
from domain.people.directory import Directory
from domain.people.staff import COMPANY_ROLES, EVERYWHERE, Grant, PersonState, person_stream
from domain.ticket import commands as c
from tests.support.clock import MORNING
from tests.support.estates.desk_estate import DH, HOUR, JX, MINUTE, ZONE, Estate, leak
from tests.support.ticket_factory import POLICY, PRICES, uid
from tests.tally.estate import BOOK

pytestmark = pytest.mark.anyio
MONDAY, TUESDAY, WEDNESDAY = (date(2026, 3, day) for day in (2, 3, 4))
ZONES = ("Asia/Shanghai", "America/New_York", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/London")


def directory_with(grant: Grant, timezone: str) -> Directory:
    person = PersonState(person_stream("li"), 1, "li", "李娜", True, (grant,))
    here = CommunityState(community_stream(JX), 1, JX, "锦绣花园", timezone)
    return Directory(POLICY, PRICES, BOOK, HolidaysOfChina(), {JX: here}, {"li": person})


days = st.dates(date(2026, 1, 1), date(2026, 12, 31))


@given(
    first=days,
    length=st.none() | st.integers(0, 40),
    moment=st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(ZoneInfo("UTC"))),
    timezone=st.sampled_from(ZONES),
)
def test_a_role_counts_from_its_first_day_to_its_last_where_the_community_is(
    first: date, length: int | None, moment: datetime, timezone: str
) -> None:
    last = None if length is None else first + timedelta(days=length)
    directory = directory_with(Grant(uid(1), Role.ASSISTANT, JX, None, first, last), timezone)
    local = moment.astimezone(ZoneInfo(timezone)).date()
    assert bool(directory.roles("li", JX, moment)) is (first <= local and (last is None or local <= last))


@pytest.mark.parametrize("timezone", ZONES)
@pytest.mark.parametrize("role", [Role.ASSISTANT, Role.ADMIN])
def test_the_days_turn_at_midnight_of_the_community(role: Role, timezone: str) -> None:
    zone = ZoneInfo(timezone)
    directory = directory_with(Grant(uid(1), role, JX, None, TUESDAY, TUESDAY), timezone)
    midnight, tick = datetime(2026, 3, 3, tzinfo=zone).astimezone(UTC), timedelta(microseconds=1)
    held = [
        bool(directory.roles("li", JX, moment))
        for moment in (midnight - tick, midnight, midnight + timedelta(days=1) - tick, midnight + timedelta(days=1))
    ]
    assert held == [False, True, True, False]
    if role is Role.ADMIN:
        assert [
            directory.is_admin("li", moment, JX)
            for moment in (midnight - tick, midnight, midnight + timedelta(days=1) - tick, midnight + timedelta(days=1))
        ] == [False, True, True, False]


async def test_a_role_from_tomorrow_works_from_midnight_on(estate: Estate) -> None:
    admin, by = estate.g.administration, estate.operator
    await admin.add_person("chen", "陈晨", by)
    await admin.grant("chen", Role.ASSISTANT, JX, None, TUESDAY, TUESDAY, by)
    with pytest.raises(NotFound):
        await estate.receive("chen")
    estate.clock.moment = datetime(2026, 3, 2, 23, 59, tzinfo=ZONE)
    with pytest.raises(NotFound):
        await estate.receive("chen")
    estate.clock.forward(MINUTE)
    ticket = await estate.receive("chen")
    estate.clock.moment = datetime(2026, 3, 3, 23, 59, 59, tzinfo=ZONE)
    await estate.act("chen", ticket, c.Note(text="还在"))
    estate.clock.forward(MINUTE)
    with pytest.raises(NotFound):
        await estate.act("chen", ticket, c.Note(text="不在了"))


async def test_an_ended_role_ends_after_its_day_or_at_once(estate: Estate) -> None:
    admin, by = estate.g.administration, estate.operator
    ticket = await estate.receive()
    [grant] = (await estate.g.directory.current()).person("assistant").grants
    await admin.end_grant("assistant", grant.id, MONDAY, by)
    await estate.act("assistant", ticket, c.Note(text="今天还在"))
    with pytest.raises(InvalidInput) as longer:
        await admin.end_grant("assistant", grant.id, WEDNESDAY, by)
    assert longer.value.errors[0].pointer == "/to"
    await admin.end_grant("assistant", grant.id, MONDAY - timedelta(days=1), by)
    with pytest.raises(NotFound):
        await estate.act("assistant", ticket, c.Note(text="不在了"))


async def test_the_area_assigned_now_counts(estate: Estate) -> None:
    admin, by = estate.g.administration, estate.operator
    first, second = [await estate.receive(location=c.Place(area=area)) for area in ("A1", "A2")]
    [grant] = (await estate.g.directory.current()).person("butler").grants
    await estate.act("butler", first, c.Reply(message="马上"))
    with pytest.raises(NotAllowed):
        await estate.act("butler", second, c.Reply(message="马上"))
    await admin.end_grant("butler", grant.id, MONDAY - timedelta(days=1), by)
    await admin.grant("butler", Role.BUTLER, JX, "A2", None, None, by)
    await estate.act("butler", second, c.Reply(message="马上"))
    with pytest.raises(NotAllowed):
        await estate.act("butler", first, c.Reply(message="马上"))


async def test_a_ticket_moved_by_a_correction_goes_to_the_other_areas_butler(estate: Estate) -> None:
    ticket = await estate.receive()
    await estate.act("butler", ticket, c.Correct(field="location.area", value="A2", reason="register_error"))
    with pytest.raises(NotAllowed):
        await estate.act("butler", ticket, c.Note(text="不归我了"))
    with pytest.raises(InvalidInput):
        await estate.act("assistant", ticket, c.Correct(field="location.area", value="A9", reason="register_error"))


async def test_two_areas_two_roles(estate: Estate) -> None:
    admin, by = estate.g.administration, estate.operator
    await admin.grant("butler", Role.BUTLER, JX, "A2", None, None, by)
    await admin.grant("butler", Role.TECHNICIAN, JX, None, None, None, by)
    for area in ("A1", "A2"):
        ticket = await estate.receive("butler", location=c.Place(area=area))
        await estate.run(
            ticket,
            [
                ("butler", c.Classify(kind="repair", facility="private")),
                ("butler", c.Dispatch(assignee="butler")),
                ("butler", c.Quote(lines=(c.QuoteLine(code="repair_lock"),))),
            ],
        )


async def test_a_disabled_person_is_nobody_at_once(estate: Estate) -> None:
    ticket = await estate.receive()
    async with estate.again() as other:
        await other.g.administration.disable("assistant", other.operator)
        with pytest.raises(NotFound):
            await estate.act("assistant", ticket, c.Note(text="还在?"))
        with pytest.raises(NotFound):
            await estate.g.inquiries.ticket("assistant", ticket)
        with pytest.raises(InvalidInput):
            await estate.run(ticket, [("director", c.Classify(kind="other")), ("director", c.Dispatch(assignee="assistant"))])
        await other.g.administration.enable("assistant", other.operator)
        await estate.act("assistant", ticket, c.Note(text="又来了"))
        with pytest.raises(Conflict):
            await estate.g.administration.enable("assistant", estate.operator)


async def test_grants_and_revocations_count_in_every_process_at_once(estate: Estate) -> None:
    ticket = await estate.receive()
    async with estate.again() as other:
        await other.g.directory.current()
        await estate.g.administration.add_person("chen", "陈晨", estate.operator)
        granted = await estate.g.administration.grant("chen", Role.DIRECTOR, JX, None, None, None, estate.operator)
        await other.act("chen", ticket, c.Urge())
        await estate.act("chen", ticket, c.Urge())
        yesterday = MONDAY - timedelta(days=1)
        await other.g.administration.end_grant("chen", granted.grants[0].id, yesterday, other.operator)
        for process in (estate, other):
            with pytest.raises(NotFound):
                await process.act("chen", ticket, c.Urge())


async def test_settings_count_in_every_process_at_once(estate: Estate) -> None:
    ticket = await estate.receive()
    estate.clock.forward(HOUR)
    async with estate.again() as other:
        with pytest.raises(NotAllowed):
            await estate.act("control_room", ticket, c.Note(text="迟"), occurred_at=MORNING)
        await other.g.administration.change_settings(JX, {"entry.late_minutes": 60}, other.operator)
        await estate.act("control_room", ticket, c.Note(text="不迟"), occurred_at=MORNING)


async def test_an_appraiser_acts_in_every_community_others_only_in_theirs(estate: Estate) -> None:
    elsewhere = await estate.g.desk.receive(
        leak(community=DH, channel="inspection", location=c.Place(area="A2")), estate.request("appraiser")
    )
    ticket = str(elsewhere.state.id)  # type: ignore[union-attr]
    await estate.act("stranger", ticket, c.Classify(kind="inspection"))
    await estate.act("appraiser", ticket, c.OrderRectification(what="清理楼道", due_at=MORNING + timedelta(days=3)))
    assert (await estate.g.inquiries.ticket("appraiser", ticket)).masked
    for login in ("director", "auditor", "privacy_officer", "admin"):
        with pytest.raises(NotFound):
            await estate.act(login, ticket, c.Note(text="?"))
        with pytest.raises(NotFound):
            await estate.g.inquiries.ticket(login, ticket)


async def test_a_company_wide_auditor_reads_everywhere_masked(estate: Estate) -> None:
    admin, by = estate.g.administration, estate.operator
    await admin.add_person("sun", "孙", by)
    with pytest.raises(InvalidInput):
        await admin.grant("sun", Role.DIRECTOR, EVERYWHERE, None, None, None, by)
    await admin.grant("sun", Role.AUDITOR, EVERYWHERE, None, None, None, by)
    ticket = await estate.receive()
    assert (await estate.g.inquiries.ticket("sun", ticket)).masked
    await admin.add_community("XH", "西湖花园", "Asia/Urumqi", by)
    assert (await estate.g.directory.current()).communities_of("sun", estate.clock.now()) == [JX, DH, "XH"]


async def test_absent_and_forbidden_are_refused_alike(estate: Estate) -> None:
    ticket = await estate.receive()
    number = (await estate.g.inquiries.ticket("assistant", ticket)).numbers.number
    before = await estate.footprint()
    refusals = []
    for ref in (ticket, number, str(uid(404)), "GD-JX-20260302-9999", "nonsense"):
        with pytest.raises(NotFound) as refused:
            await estate.act("stranger", ref, c.Note(text="?"))
        with pytest.raises(NotFound) as unread:
            await estate.g.inquiries.ticket("stranger", ref)
        with pytest.raises(NotFound) as untold:
            await estate.g.inquiries.history("stranger", ref)
        refusals += [(str(e.value), vars(e.value)) for e in (refused, unread, untold)]
    assert all(refusal == refusals[0] for refusal in refusals)
    assert await estate.footprint() == before


# --- administration -----------------------------------------------------------------------------------------------


async def test_an_admin_of_one_community_stays_within_it(estate: Estate) -> None:
    admin, by = estate.g.administration, estate.admin("admin")
    before = await estate.footprint()
    refused = [
        admin.grant("assistant", Role.DIRECTOR, DH, None, None, None, by),
        admin.grant("assistant", Role.AUDITOR, EVERYWHERE, None, None, None, by),
        admin.grant("assistant", Role.ADMIN, JX, None, None, None, by),
        admin.grant("assistant", Role.APPRAISER, JX, None, None, None, by),
        admin.add_community("XX", "新", "Asia/Shanghai", by),
        admin.add_area(DH, "A9", "九区", by),
        admin.change_settings(DH, {"entry.late_minutes": 1}, by),
        admin.form_team(DH, "x", (), by),
        admin.register_contractor(DH, "x", "x", by),
        admin.disable("assistant", by),
    ]
    for refusing in refused:
        with pytest.raises(NotAllowed):
            await refusing
    for login in ("director", "supervisor", "appraiser", "nobody"):
        with pytest.raises(NotAllowed):
            await admin.add_area(JX, "A9", "九区", Administrator(login, estate.g.ids.new()))
    with pytest.raises(NotAllowed, match="is not allowed to director; allowed to: admin, operator"):
        await admin.add_area(JX, "A9", "九区", Administrator("director", estate.g.ids.new()))
    with pytest.raises(NotAllowed, match="is not allowed to admin; allowed to: admin of the company, operator"):
        await admin.disable("assistant", by)
    with pytest.raises(NotAllowed, match="is not allowed without a role here; allowed to: admin, operator"):
        await admin.add_area(JX, "A9", "九区", Administrator("nobody", estate.g.ids.new()))
    assert await estate.footprint() == before
    await admin.grant("assistant", Role.SUPERVISOR, JX, None, None, None, by)
    await admin.add_area(JX, "A9", "九区", by)


async def test_nobody_grants_a_role_to_themselves_or_disables_themselves(estate: Estate) -> None:
    """An admin cannot make himself director, nor leave a company without its last administrator; the operator may do both."""
    admin = estate.g.administration
    await admin.add_person("sys", "系", estate.operator)
    await admin.grant("sys", Role.ADMIN, EVERYWHERE, None, None, None, estate.operator)
    before = await estate.footprint()
    for role in Role:
        with pytest.raises(NotAllowed, match="nobody may grant themselves a role") as refused:
            await admin.grant("sys", role, EVERYWHERE if role in COMPANY_ROLES else JX, None, None, None, estate.admin("sys"))
        assert (refused.value.rule, refused.value.allowed_to) == (
            "administered_by_another",
            ("another administrator", "operator"),
        )
    with pytest.raises(NotAllowed, match="disable their own login"):
        await admin.disable("sys", estate.admin("sys"))
    assert await estate.footprint() == before
    await admin.grant("sys", Role.DIRECTOR, JX, None, None, None, estate.operator)
    await admin.grant("assistant", Role.DIRECTOR, JX, None, None, None, estate.admin("sys"))


async def test_an_admin_holds_office_by_the_calendar_of_the_community(estate: Estate) -> None:
    estate.clock.moment = datetime(2026, 3, 3, 0, 30, tzinfo=ZONE)  # Monday still, in UTC
    await estate.g.administration.add_person("wu", "吴", estate.operator)
    await estate.g.administration.grant("wu", Role.ADMIN, JX, None, None, TUESDAY, estate.operator)
    await estate.g.administration.add_area(JX, "A8", "八区", estate.admin("wu"))
    estate.clock.forward(24 * HOUR)
    with pytest.raises(NotAllowed):
        await estate.g.administration.add_area(JX, "A9", "九区", estate.admin("wu"))


async def test_what_exists_is_not_made_again(estate: Estate) -> None:
    admin, by = estate.g.administration, estate.operator
    for again in (
        admin.add_community(JX, "又一个", "Asia/Shanghai", by),
        admin.add_person("assistant", "又一个", by),
        admin.add_area(JX, "A1", "又一个", by),
    ):
        with pytest.raises(Conflict):
            await again
    for wrong in (
        admin.add_community("XX", "新", "Mars/Olympus", by),
        admin.add_community(EVERYWHERE, "全部", "Asia/Shanghai", by),
        admin.grant("assistant", Role.BUTLER, JX, "A9", None, None, by),
        admin.grant("assistant", Role.BUTLER, JX, "A1", TUESDAY, MONDAY, by),
        admin.form_team(JX, "x", ("stranger",), by),
    ):
        with pytest.raises(InvalidInput):
            await wrong
    for absent in (
        admin.grant("nobody", Role.BUTLER, JX, "A1", None, None, by),
        admin.grant("assistant", Role.BUTLER, "XX", None, None, None, by),
        admin.end_grant("assistant", uid(9), MONDAY, by),
        admin.disable("nobody", by),
    ):
        with pytest.raises(NotFound):
            await absent


# --- teams and contractors ----------------------------------------------------------------------------------------


async def test_any_member_of_a_team_takes_its_steps(estate: Estate) -> None:
    ticket = await estate.receive()
    await estate.run(
        ticket,
        [
            ("assistant", c.Classify(kind="repair", facility="private")),
            ("assistant", c.Dispatch(assignee=c.AssigneeRef(type=AssigneeType.TEAM, id="plumbers"))),
            ("technician", c.Accept()),
            ("technician2", c.Start()),
        ],
    )
    with pytest.raises(NotAllowed):
        await estate.act("security", ticket, c.Complete(resolution="好了"))
    await estate.g.administration.form_team(JX, "plumbers", ("technician2", "security"), estate.operator)
    with pytest.raises(NotAllowed):
        await estate.act("technician", ticket, c.Complete(resolution="好了"))
    state = await estate.act("security", ticket, c.Complete(resolution="好了"))
    assert state.workers == ("technician2", "security")


async def test_whoever_dispatched_enters_a_contractors_steps_and_the_events_name_both(estate: Estate) -> None:
    ticket = await estate.receive()
    given = c.Dispatch(assignee=c.AssigneeRef(type=AssigneeType.CONTRACTOR, id="acme"))
    await estate.run(ticket, [("assistant", c.Classify(kind="repair", facility="private")), ("assistant", given)])
    for login in ("assistant2", "supervisor", "technician"):
        with pytest.raises(NotAllowed):
            await estate.act(login, ticket, c.Start())
    await estate.run(
        ticket,
        [("assistant", c.Start()), ("assistant", c.Note(text="师傅已到")), ("assistant", c.Suspend(reason="awaiting_parts"))],
    )
    state = await estate.run(ticket, [("assistant", c.Resume()), ("assistant", c.Complete(resolution="好了"))])
    assert state.workers == ("contractor:acme",)
    named = [(type(e).__name__, e.meta.actor, e.meta.on_behalf_of) for e in (await estate.events(ticket))[3:]]
    assert named == [
        ("WorkStarted", "assistant", "contractor:acme"),
        ("NoteAdded", "assistant", None),
        ("WorkSuspended", "assistant", "contractor:acme"),
        ("WorkResumed", "assistant", "contractor:acme"),
        ("RepairCompleted", "assistant", "contractor:acme"),
    ]
    await estate.act("assistant", ticket, c.FollowUp(satisfied=True, rating=5, method="phone"))


async def test_unknown_teams_and_contractors_are_refused_naming_the_known(estate: Estate) -> None:
    ticket = await estate.receive()
    await estate.act("assistant", ticket, c.Classify(kind="other"))
    for kind, known in ((AssigneeType.TEAM, "plumbers"), (AssigneeType.CONTRACTOR, "acme")):
        with pytest.raises(InvalidInput) as refused:
            await estate.act("assistant", ticket, c.Dispatch(assignee=c.AssigneeRef(type=kind, id="nobody")))
        assert known in str(refused.value)
    for login in ("stranger", "finance", "control_room", "nobody"):
        with pytest.raises(InvalidInput):
            await estate.act("assistant", ticket, c.Dispatch(assignee=login))
