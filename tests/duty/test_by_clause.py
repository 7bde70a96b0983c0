"""The regulations' own cases, clause by clause: given a desk, when somebody acts, then the record shows it.

Long because the regulations are followed clause by clause in one place.
"""

from datetime import date, timedelta
from typing import Any

import pytest

from domain.duty.handover_sheet import StaleSheet
from domain.duty.rostering import Wanted
from domain.kernel.errors import Conflict, InvalidInput, NotAllowed, NotFound, RuleRefused, TransitionRefused
from domain.kernel.privacy import Private, Sealed
from domain.kernel.terms import Condition, DutyLog, DutyPeriod, Role, ShiftEnd, ShiftStatus, ShiftTrigger, State
from domain.ticket import commands as c
from tests.support.estates.desk_estate import DH, HOUR, JX, MINUTE
from tests.support.estates.station import Station, at

pytestmark = pytest.mark.anyio


async def rule_of(command: Any) -> str:
    with pytest.raises(RuleRefused) as refused:
        await command
    return refused.value.rule


# --- D5 一, 六: never without a person, one answerable at a time ---------------------------------------------------


async def test_open_only_where_nobody_holds_the_desk(station: Station) -> None:
    held = await station.open("assistant")
    assert (held.status, held.officer, held.answerable, held.post) == (
        ShiftStatus.ON_DUTY,
        "assistant",
        "assistant",
        Role.ASSISTANT,
    )
    with pytest.raises(Conflict) as refused:
        await station.open("technician")
    assert refused.value.data == {"officer": "assistant"}


@pytest.mark.parametrize("login", ["security", "butler", "hr", "appraiser", "auditor"])
async def test_only_who_holds_a_post_takes_the_desk(station: Station, login: str) -> None:
    with pytest.raises(NotAllowed):
        await station.open(login)


async def test_outside_the_community_there_is_no_desk_and_no_shift(station: Station) -> None:
    held = await station.open()
    request = station.estate.request("stranger")
    with pytest.raises(NotFound):
        await station.duty.open(JX, request)
    with pytest.raises(NotFound):
        await station.duty.take_over(held.id, "接管", request)
    with pytest.raises(NotFound):
        await station.duty.open("XX", request)
    assert (await station.duty.holder(DH, "stranger")) is None


async def test_leaving_takes_a_substitute_and_returning_ends_it(station: Station) -> None:
    station.set("2026-03-02 22:00")
    await station.open("technician")
    left = await station.do("substitute", "technician", "security")
    assert (left.officer, left.stand_in, left.answerable) == ("technician", "security", "security")
    assert await rule_of(station.do("prepare_handover", "technician")) == "back_at_post"
    await station.do("log", "security", "代值期间接到一通咨询电话。")
    back = await station.do("return_to_post", "technician")
    assert (back.stand_in, back.answerable) == (None, "technician")
    assert await rule_of(station.do("return_to_post", "technician")) == "stood_in_for"
    with pytest.raises(NotAllowed):
        await station.do("log", "security", "我已经离开。")


async def test_leaving_is_recorded_at_once_and_never_refused(station: Station) -> None:
    """integrity 4: without a stand-in, with one who has no login, and while the control room has the phone."""
    station.set("2026-03-02 22:00")
    await station.open("technician")
    alone = await station.do("substitute", "technician", None)
    assert (alone.stand_in, alone.absence is not None, alone.answerable) == (None, True, "technician")
    named = await station.duty.substitute(station.held, None, station.estate.request("technician"), "门岗保安老张")
    assert named.state.absence is not None
    assert named.state.absence.named is not None
    reading = await station.estate.g.duty_records.shift("supervisor", station.held)
    assert reading.text(reading.state.absences[-1].named) == "门岗保安老张"
    assert (await station.do("substitute", "technician", "security")).stand_in == "security"
    back = await station.do("return_to_post", "technician")
    assert (back.absence, [one.ended_at is None for one in back.absences]) == (None, [False] * 3)
    await station.do("switch_phone", "technician", "control_room")
    assert (await station.do("substitute", "technician", "security")).answerable == "control_room"


async def test_the_stand_in_confirms_afterwards(station: Station) -> None:
    station.set("2026-03-02 22:00")
    await station.open("technician")
    await station.do("substitute", "technician", "security")
    for other in ("technician", "security2", "supervisor"):
        with pytest.raises(NotAllowed):
            await station.do("confirm_stand_in", other)
    now = station.set("2026-03-02 22:03")
    confirmed = await station.do("confirm_stand_in", "security")
    assert confirmed.absence is not None
    assert confirmed.absence.confirmed_at == now
    assert await rule_of(station.do("confirm_stand_in", "security")) == "stand_in_waits"


async def test_a_stand_in_only_logs_and_lets_the_officer_back(station: Station) -> None:
    await station.open("technician")
    await station.do("substitute", "technician", "security")
    for command in ("extend", "prepare_handover", "substitute", "switch_phone"):
        values: tuple[Any, ...] = ("control_room",) if command in ("substitute", "switch_phone") else ()
        with pytest.raises(NotAllowed):
            await station.do(command, "security", *values)
    assert (await station.do("return_to_post", "security")).stand_in is None


@pytest.mark.parametrize("stand_in", ["technician", "stranger", "nobody", "auditor", "butler", "hr", "finance", "appraiser"])
async def test_who_stands_in_is_security_or_another_who_may_hold_the_desk(station: Station, stand_in: str) -> None:
    await station.open("technician")
    with pytest.raises(InvalidInput):
        await station.do("substitute", "technician", stand_in)


async def test_the_desk_follows_every_change_of_who_answers(station: Station) -> None:
    async def on_duty(*logins: str) -> list[bool]:
        desk = await station.duty.holder(JX, "supervisor")
        assert desk is not None
        return [desk.on_duty(login) for login in logins]

    people = ("assistant", "security", "control_room", "technician")
    await station.open()
    assert await on_duty(*people) == [True, False, False, False]
    await station.do("substitute", "assistant", "security")
    assert await on_duty(*people) == [True, True, False, False]
    await station.do("return_to_post", "assistant")
    await station.do("switch_phone", "assistant", "control_room")
    assert await on_duty(*people) == [True, False, True, False]
    await station.do("switch_phone", "assistant", None)
    await station.hand_over("assistant", "technician")
    assert await on_duty(*people) == [False, False, False, True]
    await station.do("take_over", "supervisor", "接班人员未到岗")
    assert await on_duty(*people) == [False, False, False, False]


# --- D1 4.1.3: the phone -------------------------------------------------------------------------------------------


async def test_while_the_phone_is_in_the_control_room_it_is_the_officer(station: Station) -> None:
    await station.open("assistant")
    away = await station.do("switch_phone", "assistant", "control_room")
    assert (away.officer, away.acting, away.answerable) == ("assistant", "control_room", "control_room")
    with pytest.raises(NotAllowed):
        await station.do("prepare_handover", "assistant")
    assert await rule_of(station.do("switch_phone", "control_room", "control_room")) == "phone_switched"
    handed = await station.hand_over("control_room", "assistant2")
    sheet = handed.sheets[-1]
    assert sheet.signed_out is not None
    assert sheet.signed_in is not None
    assert (sheet.officer, sheet.signed_out.by, sheet.signed_in.by) == ("assistant", "control_room", "assistant2")


@pytest.mark.parametrize("answered_by", ["technician", "assistant", "stranger"])
async def test_the_phone_goes_to_the_control_room_only(station: Station, answered_by: str) -> None:
    await station.open("assistant")
    with pytest.raises(InvalidInput):
        await station.do("switch_phone", "assistant", answered_by)


# --- D5 二, 八: periods and arrival --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arrived", "late"), [("08:15:00", 0), ("08:15:01", 1), ("08:16:00", 1), ("08:30:00", 15), ("08:44:59", 30)]
)
async def test_arrival_later_than_fifteen_minutes_before_the_start_is_noted(station: Station, arrived: str, late: int) -> None:
    station.set("2026-03-01 22:00")
    await station.open("technician")
    station.set(f"2026-03-02 {arrived}")
    await station.do("arrive", "assistant")
    station.set("2026-03-02 08:50")
    await station.hand_over("technician", "assistant")
    held = await station.fresh()
    assert (held.periods, held.late_minutes) == ((DutyPeriod.MORNING,), late)


async def test_who_signs_in_before_the_end_takes_the_next_period(station: Station) -> None:
    station.set("2026-03-01 22:00")
    await station.open("technician")
    station.set("2026-03-02 08:10")
    await station.hand_over("technician", "assistant")
    held = await station.fresh()
    assert (held.periods, held.starts_at, held.until, held.late_minutes) == (
        (DutyPeriod.MORNING,),
        at("2026-03-02 08:30"),
        at("2026-03-02 12:00"),
        0,
    )


async def test_nobody_is_late_for_a_period_already_held(station: Station) -> None:
    station.set("2026-03-02 08:10")
    await station.open("assistant")
    station.set("2026-03-02 10:00")
    await station.hand_over("assistant", "assistant2")
    assert (await station.fresh()).late_minutes == 0
    await station.do("take_over", "supervisor", "生病")
    station.set("2026-03-02 10:20")
    assert (await station.open("assistant")).late_minutes == 0


async def test_late_at_an_empty_desk(station: Station) -> None:
    station.set("2026-03-02 09:00")
    assert (await station.open("assistant")).late_minutes == 45


async def test_an_arrival_is_an_event_by_the_server_s_time_and_on_the_sheet_before_the_outgoing_signs(station: Station) -> None:
    """integrity 4; D5 八: it counts as the arrival of the shift that the incoming officer opens."""
    station.set("2026-03-01 22:00")
    await station.open("technician")
    now = station.set("2026-03-02 08:14")
    arrived = await station.do("arrive", "assistant")
    assert [(one.officer, one.at, one.by) for one in arrived.arrivals] == [("assistant", now, "assistant")]
    with pytest.raises(Conflict) as again:
        await station.do("arrive", "assistant")
    assert again.value.what == "arrival"
    station.set("2026-03-02 08:40")
    assert (await station.hand_over("technician", "assistant")).arrivals == arrived.arrivals
    held = await station.fresh()
    assert (held.arrived_at, held.late_minutes) == (now, 0)


async def test_an_earlier_arrival_takes_the_outgoing_officer_s_word(station: Station) -> None:
    station.set("2026-03-01 22:00")
    await station.open("technician")
    station.set("2026-03-02 08:40")
    early = at("2026-03-02 08:10")
    for said in ({"arrived_at": early}, {"officer": "assistant2"}):
        assert await rule_of(station.do("arrive", "assistant", **said)) == "arrival_witnessed"
    with pytest.raises(InvalidInput):
        await station.do("arrive", "assistant", request={"occurred_at": at("2026-03-02 08:30")})
    await station.do("arrive", "assistant")
    told = await station.do("arrive", "technician", officer="assistant", arrived_at=early)
    assert [(one.officer, one.at, one.by) for one in told.arrivals][1:] == [("assistant", early, "technician")]
    await station.hand_over("technician", "assistant")
    assert (await station.fresh()).late_minutes == 0


@pytest.mark.parametrize(
    ("said", "pointer"),
    [
        ({"officer": "technician"}, "/officer"),
        ({"officer": "butler"}, "/officer"),
        ({"officer": "nobody"}, "/officer"),
        ({"officer": "assistant", "arrived_at": at("2026-03-01 21:59")}, "/arrived_at"),
        ({"officer": "assistant", "arrived_at": at("2026-03-02 08:43")}, "/arrived_at"),
    ],
)
async def test_the_word_is_about_an_officer_and_a_moment_of_the_shift(
    station: Station, said: dict[str, Any], pointer: str
) -> None:
    station.set("2026-03-01 22:00")
    await station.open("technician")
    station.set("2026-03-02 08:40")
    with pytest.raises(InvalidInput) as refused:
        await station.do("arrive", "technician", **said)
    assert [error.pointer for error in refused.value.errors] == [pointer]


@pytest.mark.parametrize("login", ["butler", "security", "auditor", "hr"])
async def test_only_who_may_hold_the_desk_arrives(station: Station, login: str) -> None:
    await station.open("technician")
    with pytest.raises(NotAllowed):
        await station.do("arrive", login)


async def test_adjoining_periods_are_held_without_a_sheet(station: Station) -> None:
    station.set("2026-03-02 08:20")
    await station.open("assistant")
    assert await rule_of(station.do("extend", "assistant")) == "extended_once"
    station.set("2026-03-02 11:55")
    noon = await station.do("extend", "assistant")
    assert (noon.periods, noon.until) == ((DutyPeriod.MORNING, DutyPeriod.NOON), at("2026-03-02 13:30"))
    assert await rule_of(station.do("extend", "assistant")) == "extended_once"
    station.set("2026-03-02 13:29")
    afternoon = await station.do("extend", "assistant")
    assert (afternoon.periods[-1], afternoon.until, afternoon.sheets) == (DutyPeriod.AFTERNOON, at("2026-03-02 17:30"), ())


async def test_an_extension_is_not_refused_while_away_or_while_handing_over(station: Station) -> None:
    """integrity 4: nobody comes to sign, and the officer is out on an emergency."""
    station.set("2026-03-02 08:20")
    await station.open("assistant")
    station.set("2026-03-02 11:55")
    await station.do("prepare_handover", "assistant")
    await station.do("substitute", "assistant", "security")
    kept = await station.do("extend", "assistant")
    assert (kept.status, kept.periods[-1], kept.covers) == (ShiftStatus.HANDING_OVER, DutyPeriod.NOON, ())


async def test_an_extension_into_another_post_s_period_is_cover_and_names_who_is_absent(station: Station) -> None:
    """integrity 4: 顶班, also where nobody was rostered."""
    await station.estate.g.rostering.publish(
        JX, [Wanted(date(2026, 3, 2), DutyPeriod.NIGHT, "technician")], station.estate.request("supervisor")
    )
    station.set("2026-03-02 16:50")
    await station.open("assistant")
    station.set("2026-03-02 17:40")
    covered = await station.do("extend", "assistant")
    assert [(one.period, one.absent) for one in covered.covers] == [(DutyPeriod.NIGHT, "technician")]
    station.set("2026-03-03 08:31")
    assert (await station.do("extend", "assistant")).covers[-1].absent is None  # now for longer than 16 hours


async def test_an_extension_beyond_sixteen_hours_is_cover(station: Station) -> None:
    administration = station.estate.g.administration
    await administration.change_settings(JX, {"handover.cover_after_minutes": 300}, station.estate.operator)
    station.set("2026-03-02 08:20")
    await station.open("assistant")
    station.set("2026-03-02 12:00")
    assert (await station.do("extend", "assistant")).covers == ()  # from 08:30 to 13:30 are five hours
    station.set("2026-03-02 13:40")
    assert [one.period for one in (await station.do("extend", "assistant")).covers] == [DutyPeriod.AFTERNOON]


@pytest.mark.parametrize(("login", "other"), [("supervisor", "director"), ("director", "supervisor")])
async def test_supervisor_and_director_cover_the_desk_and_the_other_reads_their_shift(
    station: Station, login: str, other: str
) -> None:
    """integrity 4: they hold it with the post of the period, and never read their own shift."""
    station.set("2026-03-02 17:20")
    held = await station.open(login)
    assert held.post is Role.TECHNICIAN
    station.set("2026-03-02 17:40")
    handed = await station.hand_over(login, "technician")
    with pytest.raises(NotAllowed) as own:
        await station.duty.review(handed.id, station.estate.request(login))
    assert own.value.rule == "reviewed_by_another"
    assert (await station.duty.review(handed.id, station.estate.request(other))).state.status is ShiftStatus.REVIEWED


# --- D5 三, 四: what is written down -------------------------------------------------------------------------------


async def test_by_day_the_work_journal_by_night_the_night_log(station: Station) -> None:
    ticket = await station.repair()
    station.set("2026-03-02 17:20")
    await station.open("technician")
    await station.do("log", "technician", "电梯巡查正常。")
    station.set("2026-03-02 17:30")
    logged = await station.do("log", "technician", "3 栋 1201 王小明来电催修。", ticket=ticket)
    assert [line.log for line in logged.lines] == [DutyLog.WORK_JOURNAL, DutyLog.NIGHT_LOG]
    assert str(logged.lines[1].ticket) == ticket
    subject = (await station.estate.state(ticket)).subject
    assert [line.text.value.subject == subject for line in logged.lines] == [False, True]
    assert all(isinstance(line.text.value, Sealed) for line in logged.lines)


async def test_a_line_points_at_a_ticket_of_this_community(station: Station) -> None:
    await station.open()
    for ref in ("GD-JX-20260302-9999", "00000000-0000-0000-0000-000000000001"):
        with pytest.raises(InvalidInput):
            await station.do("log", "assistant", "来电", ticket=ref)


async def test_a_late_line_is_flagged_and_one_of_another_day_refused(station: Station) -> None:
    opened = station.set("2026-03-02 08:20")
    await station.open("assistant")
    now = station.set("2026-03-02 11:00")
    for request in ({"occurred_at": now - HOUR}, {"occurred_at": now - HOUR, "offline": True}):
        await station.do("log", "assistant", "来访登记。", request=request)
    assert station.shift is not None
    assert [(x.at, x.back_entered, x.offline_entered) for x in station.shift.lines] == [
        (now - HOUR, True, False),
        (now - HOUR, False, True),
    ]
    for wrong in (opened - MINUTE, now + 10 * MINUTE):
        with pytest.raises(InvalidInput):
            await station.do("log", "assistant", "来访登记。", request={"occurred_at": wrong})
    station.set("2026-03-04 11:00")
    with pytest.raises(InvalidInput):
        await station.do("log", "assistant", "来访登记。", request={"occurred_at": opened + MINUTE})


async def test_duty_is_entered_when_it_happens(station: Station) -> None:
    await station.open()
    now = station.estate.clock.forward(HOUR)
    for wrong in (now - 16 * MINUTE, now + 3 * MINUTE):
        with pytest.raises(InvalidInput):
            await station.do("substitute", "assistant", "security", request={"occurred_at": wrong})


# --- D1 4.1.3: the handover sheet ----------------------------------------------------------------------------------


async def test_the_sheet_holds_everything_unfinished_and_both_sign_one_hash(station: Station) -> None:
    first, second, done = await station.repair(), await station.estate.receive(), await station.estate.receive()
    await station.estate.act("assistant", done, c.Cancel(reason="withdrawn"))
    await station.open("assistant")
    prepared = await station.do(
        "prepare_handover",
        "assistant",
        equipment={"telephone": Condition.GOOD, "radio": Condition.FAULTY},
        records=("repair_book",),
        remarks="对讲机电池报修中，王小明上午会来取钥匙。",
    )
    sheet = station.sheet
    assert prepared.status is ShiftStatus.HANDING_OVER
    assert [str(t.id) for t in sheet.tickets] == [first, second]
    assert [(t.state, t.version, t.number[-4:]) for t in sheet.tickets] == [
        (State.CLASSIFIED, 2, "0001"),
        (State.RECEIVED, 1, "0002"),
    ]
    assert {e.item: e.condition for e in sheet.equipment} == {
        "telephone": Condition.GOOD,
        "computer": Condition.NOT_CHECKED,
        "printer": Condition.NOT_CHECKED,
        "key_cabinet": Condition.NOT_CHECKED,
        "radio": Condition.FAULTY,
        "receipt_books": Condition.NOT_CHECKED,
    }
    await station.do("sign_out", "assistant", seen=sheet.hash)
    handed = await station.do("sign_in", "technician", seen=sheet.hash)
    assert (handed.status, handed.ended_by) == (ShiftStatus.HANDED_OVER, ShiftEnd.SIGNED)
    signed = handed.sheets[-1]
    assert signed.signed_out is not None
    assert signed.signed_in is not None
    assert signed.signed_out.hash == signed.signed_in.hash == signed.hash == sheet.hash
    text = sheet.canonical.decode()
    assert "对讲机" not in text
    assert "王小明" not in text


@pytest.mark.parametrize("rest_good", [False, True])
async def test_one_deliberate_word_covers_the_rest_and_nothing_is_preset(station: Station, rest_good: bool) -> None:
    """integrity 4: 其余逐项核对无异常."""
    await station.open("assistant")
    await station.do("prepare_handover", "assistant", equipment={"radio": Condition.FAULTY}, rest_good=rest_good)
    conditions = {one.item: one.condition for one in station.sheet.equipment}
    assert conditions.pop("radio") is Condition.FAULTY
    assert set(conditions.values()) == {Condition.GOOD if rest_good else Condition.NOT_CHECKED}


async def test_signing_in_opens_the_next_shift_in_the_same_commit(station: Station) -> None:
    await station.open("assistant")
    handed = await station.hand_over("assistant", "technician")
    head = (await station.estate.g.store.head()).position
    log = await station.estate.g.store.read_log(head - 3, 10)
    assert [event.topic for event in log] == ["shift.signed_in", "desk.shift_handed_over", "shift.opened"]
    held = await station.fresh()
    assert (held.id, held.follows, held.officer) == (handed.next_shift, handed.id, "technician")


async def test_the_incoming_is_another_person_and_signs_second(station: Station) -> None:
    await station.open("assistant")
    with pytest.raises(TransitionRefused) as early:
        await station.do("sign_in", "technician")
    assert (early.value.state, early.value.trigger) == ("on_duty", "sign_in")
    assert "prepare_handover" in early.value.legal
    await station.do("prepare_handover", "assistant")
    assert await rule_of(station.do("sign_in", "technician")) == "signed_out_first"
    await station.do("sign_out", "assistant")
    for login in ("assistant", "security", "butler"):
        with pytest.raises(NotAllowed):
            await station.do("sign_in", login)
    with pytest.raises(Conflict):
        await station.do("sign_out", "assistant")


async def test_a_disputed_sheet_goes_back_to_duty_and_is_signed_at_the_second_try(station: Station) -> None:
    await station.open("assistant")
    await station.do("prepare_handover", "assistant")
    await station.do("sign_out", "assistant")
    with pytest.raises(NotAllowed):
        await station.do("dispute", "assistant", "不认可")
    disputed = await station.do("dispute", "technician", "对讲机不在位")
    assert (disputed.status, disputed.sheet) == (ShiftStatus.ON_DUTY, None)
    handed = await station.hand_over("assistant", "technician")
    first, second = handed.sheets
    assert (first.number, second.number) == (1, 2)
    assert first.dispute is not None
    assert (first.dispute.by, first.signed_in) == ("technician", None)
    assert second.dispute is None


async def test_a_changed_list_makes_the_sheet_stale_and_says_what_changed(station: Station) -> None:
    kept, finished = await station.repair(), await station.repair()
    await station.open("assistant")
    await station.do("prepare_handover", "assistant")
    new = await station.estate.receive()
    await station.estate.act("assistant", kept, c.Note(text="住户补充说明。"))
    await station.estate.act("assistant", finished, c.Cancel(reason="withdrawn"))
    for command, login in (("sign_out", "assistant"), ("sign_out", "assistant")):
        with pytest.raises(StaleSheet) as refused:
            await station.do(command, login)
    since = refused.value.since
    assert [str(t.id) for t in since.added] == [new]
    assert [str(t.id) for t in since.gone] == [finished]
    assert [(str(t.id), t.version_then, t.version) for t in since.changed] == [(kept, 2, 3)]
    assert (await station.fresh()).sheets[-1].signed_out is None
    await station.hand_over("assistant", "technician")


async def test_a_change_between_the_two_signatures_makes_it_stale_too(station: Station) -> None:
    await station.open("assistant")
    await station.do("prepare_handover", "assistant")
    await station.do("sign_out", "assistant")
    await station.estate.receive()
    with pytest.raises(StaleSheet):
        await station.do("sign_in", "technician")
    again = await station.do("prepare_handover", "assistant")
    assert again.sheets[-1].signed_out is None


async def test_what_the_signer_did_not_see_is_not_signed(station: Station) -> None:
    await station.open("assistant")
    await station.do("prepare_handover", "assistant")
    with pytest.raises(Conflict) as refused:
        await station.do("sign_out", "assistant", seen="0" * 64)
    assert refused.value.data == {"hash": station.sheet.hash}


async def test_another_communitys_tickets_are_no_matter(station: Station) -> None:
    await station.open("assistant")
    await station.do("prepare_handover", "assistant")
    await station.do("sign_out", "assistant")
    await station.estate.receive("stranger", community=DH, location=None)
    assert (await station.do("sign_in", "technician")).status is ShiftStatus.HANDED_OVER


@pytest.mark.parametrize(
    ("more", "pointer"),
    [({"equipment": {"piano": Condition.GOOD}}, "/equipment/piano"), ({"records": ("repair_book", "diary")}, "/records/1")],
)
async def test_the_lists_are_the_communitys(station: Station, more: dict[str, Any], pointer: str) -> None:
    await station.open("assistant")
    with pytest.raises(InvalidInput) as refused:
        await station.do("prepare_handover", "assistant", **more)
    assert [error.pointer for error in refused.value.errors] == [pointer]


# --- take-over and review ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("handing", [False, True])
async def test_a_supervisor_ends_a_shift_whose_handover_does_not_come_about(station: Station, handing: bool) -> None:
    await station.open("assistant")
    if handing:
        await station.do("prepare_handover", "assistant")
    with pytest.raises(NotAllowed):
        await station.do("take_over", "assistant", "我来")
    ended = await station.do("take_over", "supervisor", "接班人员未到岗，多次联系不上。")
    assert (ended.status, ended.ended_by, ended.taken_over_by) == (ShiftStatus.HANDED_OVER, ShiftEnd.TAKEN_OVER, "supervisor")
    assert isinstance(ended.takeover_reason and ended.takeover_reason.value, Private)
    opened = await station.open("technician")
    assert opened.follows == ended.id


async def test_the_supervisors_reading_is_kept_and_urges(station: Station) -> None:
    first, second = await station.repair(), await station.repair()
    await station.open("technician")
    handed = await station.hand_over("technician", "assistant")
    request = station.estate.request("supervisor")
    done = await station.duty.review(handed.id, request, remarks="已阅。", urge=[first, second, first], message="请今天处理。")
    review = done.state.review
    assert done.state.status is ShiftStatus.REVIEWED
    assert review is not None
    assert (review.by, [str(t) for t in review.urged]) == ("supervisor", [first, second])
    assert review.read_upto < done.position
    assert [(await station.estate.state(ticket)).urged for ticket in (first, second)] == [1, 1]
    with pytest.raises(TransitionRefused):
        await station.duty.review(handed.id, station.estate.request("director"))


async def test_only_what_was_handed_over_is_reviewed_and_only_what_was_there_read(station: Station) -> None:
    held = await station.open("technician")
    with pytest.raises(TransitionRefused):
        await station.duty.review(held.id, station.estate.request("supervisor"))
    handed = await station.hand_over("technician", "assistant")
    with pytest.raises(InvalidInput):
        await station.duty.review(handed.id, station.estate.request("supervisor"), read_upto=10**6)
    with pytest.raises(NotAllowed):
        await station.duty.review(handed.id, station.estate.request("assistant2"))


async def test_who_is_complained_of_urges_nothing_about_themselves(station: Station) -> None:
    ticket = await station.estate.receive(complained_of=["supervisor"])
    await station.open("technician")
    handed = await station.hand_over("technician", "assistant")
    with pytest.raises(NotAllowed):
        await station.duty.review(handed.id, station.estate.request("supervisor"), urge=[ticket])
    assert (await station.fresh(handed.id)).review is None


# --- requests ------------------------------------------------------------------------------------------------------


async def test_a_repeat_gives_the_first_answer_again(station: Station) -> None:
    request = station.estate.request("assistant", key="open")
    first = await station.duty.open(JX, request)
    await station.duty.log(first.state.id, "来电。", None, station.estate.request("assistant"))
    again = await station.duty.open(JX, station.estate.request("assistant", key="open"))
    assert again == first


async def test_the_version_seen_may_be_named(station: Station) -> None:
    from domain.kernel.errors import StaleVersion

    held = await station.open()
    await station.do("log", "assistant", "来电。", request={"if_match": held.version})
    with pytest.raises(StaleVersion):
        await station.do("log", "assistant", "来电。", request={"if_match": held.version})


async def test_a_clock_that_jumped_back_does_not_turn_the_order_of_time(station: Station) -> None:
    held = await station.open("assistant")
    station.estate.clock.forward(-timedelta(hours=2))
    left = await station.do("substitute", "assistant", "security")
    assert left.occurred_at == held.occurred_at
    await station.do("return_to_post", "assistant")
    handed = await station.hand_over("assistant", "technician")
    assert handed.ended_at is not None
    assert handed.opened_at is not None
    assert handed.ended_at >= handed.opened_at


def test_every_trigger_has_its_row() -> None:
    from domain.duty.lifecycle import TABLE

    assert [row.trigger for row in TABLE] == list(ShiftTrigger)
