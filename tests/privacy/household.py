"""A person whose every word can be recognised, and the tickets that contain all of them."""

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from domain.appraisal import commands as a
from domain.approval.waiting import Waiting
from domain.duty.rostering import Wanted
from domain.finding import commands as f
from domain.household.commands import CorrectContact, LinkCaller, RegisterLine
from domain.kernel.terms import DutyPeriod, EvaluationKind, ReprimandKind, Tenure, WaiveReason
from domain.service_desk.erasure import Erase
from domain.service_desk.outcome import Done
from domain.ticket import commands as c
from domain.ticket.back_entry import BackEntry
from tests.privacy.searching import in_base64, shapes
from tests.support.estates.desk_estate import DAY, JX, ZONE, Estate, leak

NAME, PHONE, DWELLING = "貘小鹮", "13987650042", "鸮座4097"
SIGN = "鸩鹮鸑鷟鹓鹇"
"""Part of every canary below, so that one search finds them all."""
FILE = os.urandom(96)
"""Incompressible, and in no other file."""
FILE_TEXT = FILE.hex()

OF_STAFF = ("考评", "免扣", "申诉", "维持", "撤销", "警告", "警告撤回", "评议", "请假")
"""What is said of people at work, not of residents."""
WORDS = {
    word: f"{word}之{SIGN}"
    for word in (
        "报修",
        "投诉",
        "入伙",
        "分类更正",
        "退单",
        "答复",
        "备注",
        "上报",
        "督促",
        "完工",
        "回访",
        "重开",
        "整改",
        "清单",
        "缺陷",
        "大工程",
        "驳回",
        "文件名",
        "迟到",
        "补单",
        "补单完工",
        "办结",
        "值班记录",
        "移交说明",
        "移交异议",
        "代值",
        "接管",
        "查阅",
        "名册",
        "来电",
        *OF_STAFF,
    )
}


def canaries() -> dict[str, set[bytes]]:
    """Every text that must be in no file."""
    file_text = FILE_TEXT.encode()
    file = {FILE, file_text[:32], file_text[-32:], *in_base64(file_text[:48])}
    return {"word": shapes(SIGN), "file": file, "name": shapes(NAME), "phone": shapes(PHONE), "dwelling": shapes(DWELLING)}


@dataclass
class Household:
    """The tickets of one household, and its registered person; the last tickets are that person's."""

    tickets: list[str] = field(default_factory=list)
    attachment: str = ""
    resident: UUID | None = None
    theirs: list[str] = field(default_factory=list)


def who(**place: Any) -> dict[str, Any]:
    return {
        "reporter": c.Reporter(name=NAME, phone=PHONE),
        "location": c.Place(area="A1", building="3", dwelling=DWELLING),
        **place,
    }


async def content() -> AsyncIterator[bytes]:
    """A file of text that no database can compress."""
    yield FILE_TEXT.encode()


async def live(estate: Estate) -> Household:
    """Put every canary through every field: all kinds of event with a personal text are written."""
    lived = Household()
    repair = await estate.receive(description=WORDS["报修"], **who())
    estate.clock.forward(3 * DAY)
    late = await estate.ask("assistant", repair, c.Note(text=WORDS["迟到"]), occurred_at=estate.clock.now() - 2 * DAY)
    await estate.g.approvals.approve(late.case.id, estate.request("director"))
    await estate.run(
        repair,
        [
            ("assistant", c.Classify(kind="repair", facility="private")),
            ("assistant", c.Reply(message=WORDS["答复"])),
            ("assistant", c.Note(text=WORDS["备注"])),
            ("assistant", c.Escalate(reason=WORDS["上报"], level="supervisor")),
            ("supervisor", c.Urge(message=WORDS["督促"])),
            ("assistant", c.Dispatch(assignee="technician")),
            ("technician", c.Decline(reason=WORDS["退单"])),
            ("assistant", c.Dispatch(assignee="technician2")),
            ("technician2", c.Start()),
            ("technician2", c.Complete(resolution=WORDS["完工"])),
            ("assistant", c.FollowUp(satisfied=True, rating=5, method="phone", comment=WORDS["回访"])),
            ("assistant", c.Reopen(reason=WORDS["重开"])),
            ("assistant", c.Correct(field="description", value=WORDS["分类更正"], reason="register_error")),
            ("assistant", c.Correct(field="location.dwelling", value=DWELLING + "b", reason="register_error")),
        ],
    )
    state = await estate.state(repair)
    assert state.subject is not None
    kept = await estate.g.attachments.store(state.subject, state.id, content(), "text/plain")
    lived.attachment = kept.name
    attach = c.Attach(name=kept.name, content_type=kept.content_type, size=kept.size, file_name=WORDS["文件名"] + ".txt")
    await estate.act("assistant", repair, attach)
    works = c.ApproveMajorWorks(agreed_due_at=estate.clock.now() + 30 * DAY, reason=WORDS["大工程"])
    await estate.g.approvals.approve((await estate.ask("assistant", repair, works)).case.id, estate.request("director"))
    refused = await estate.ask("assistant", repair, works)
    await estate.g.approvals.reject(refused.case.id, WORDS["驳回"], estate.request("director"))

    inspection = await estate.receive(description=WORDS["投诉"], **who())
    ordered = c.OrderRectification(what=WORDS["整改"], due_at=estate.clock.now() + DAY)
    await estate.run(inspection, [("assistant", c.Classify(kind="inspection")), ("supervisor", ordered)])
    move_in = await estate.receive(description=WORDS["入伙"], **who())
    item = c.CheckItem(item="flat_inspected", evidence=WORDS["清单"], defects=(WORDS["缺陷"],))
    await estate.act("assistant", move_in, c.Classify(kind="move_in"))
    checked = await estate.g.desk.act(move_in, item, estate.request("assistant"))
    assert isinstance(checked, Done)

    before = await estate.g.desk.back_enter(back_entry(estate), estate.request("assistant", occurred_at=estate.clock.now()))
    assert isinstance(before, Done)
    settled = await estate.receive(description=WORDS["投诉"], **who())
    await estate.run(settled, [("assistant", c.Classify(kind="enquiry")), ("assistant", c.Settle(resolution=WORDS["办结"]))])
    lived.tickets = [repair, inspection, move_in, str(before.state.id), settled, *map(str, checked.opened)]
    await said_on_duty(estate, repair)
    await said_on_the_roll(estate, lived)
    await said_of_staff(estate)
    return lived


async def said_on_the_roll(estate: Estate, lived: Household) -> None:
    """The texts of a registered person: entered from a line, corrected, and named as the reporter of one of two tickets.

    The other ticket's caller is linked to the person.
    """
    line = RegisterLine(building="3", dwelling=DWELLING, name=NAME, phone=PHONE, tenure=Tenure.OWNER, keys=2)
    [entered] = await (await estate.g.register_entry.begin(JX, estate.operator)).take([line])
    assert entered.resident is not None
    lived.resident = entered.resident
    corrected = CorrectContact(name=NAME + "甲", phone=PHONE)
    await estate.g.households.correct(entered.resident, corrected, estate.admin("assistant"))
    named = {"reporter": c.Reporter(resident_id=entered.resident), "location": None, "description": WORDS["名册"]}
    late = await estate.g.desk.receive(leak(**named), estate.request("assistant", occurred_at=estate.clock.now() - 2 * DAY))
    assert isinstance(late, Waiting)
    granted = await estate.g.approvals.approve(late.case.id, estate.request("director"))
    caller = await estate.receive(description=WORDS["来电"], **who())
    await estate.g.households.link_caller(entered.resident, LinkCaller(ticket=caller), estate.admin("assistant"))
    lived.theirs = [str(granted.case.result), caller]


async def said_on_duty(estate: Estate, ticket: str) -> None:
    """The texts of a shift: in its log, on its sheet, in a dispute, a take-over and a review."""
    duty, request = estate.g.duty, estate.request
    shift = (await duty.open(JX, request("assistant"))).state.id
    await duty.log(shift, WORDS["值班记录"], ticket, request("assistant"))
    await duty.prepare_handover(shift, request("assistant"), remarks=WORDS["移交说明"])
    await duty.sign_out(shift, request("assistant"))
    await duty.dispute(shift, WORDS["移交异议"], request("technician"))
    await duty.substitute(shift, None, request("assistant"), WORDS["代值"])
    await duty.take_over(shift, WORDS["接管"], request("supervisor"))
    await duty.review(shift, request("supervisor"), remarks=WORDS["查阅"])


async def said_of_staff(estate: Estate) -> None:
    """The texts of appraisal and roster: findings with every outcome, a withdrawn warning, an evaluation, a leave."""
    g, request = estate.g, estate.request

    async def finding(item: str, **more: Any) -> UUID:
        said = f.RecordFinding(community=JX, item=item, date=estate.clock.now().date(), note=WORDS["考评"], **more)
        return (await g.findings.record(said, request("appraiser"))).state.id

    async def contested(decision: f.UpholdFinding | f.RevokeFinding) -> None:
        id_ = await finding("1", parties=("technician",))
        await g.findings.act(id_, f.ConfirmFinding(), request("director"))
        await g.findings.act(id_, f.ContestFinding(reason=WORDS["申诉"]), request("technician"))
        asked = await g.findings.act(id_, decision, request("director"))
        assert isinstance(asked, Waiting)
        await g.approvals.approve(asked.case.id, request("appraiser2"))

    waived = await finding("4", area="A1")
    await g.findings.act(waived, f.WaiveFinding(reason=WaiveReason.NOT_ESTABLISHED, note=WORDS["免扣"]), request("director"))
    await contested(f.UpholdFinding(reason=WORDS["维持"]))
    await contested(f.RevokeFinding(reason=WORDS["撤销"]))
    warning = a.GiveReprimand(community=JX, login="technician", kind=ReprimandKind.WARNING, reason=WORDS["警告"])
    given = await g.appraisal.reprimand(warning, request("director"))
    await g.appraisal.withdraw(given.state.id, a.WithdrawReprimand(reason=WORDS["警告撤回"]), request("director"))
    opinion = a.Evaluate(community=JX, login="technician", kind=EvaluationKind.SELF, period="2026-03", remarks=WORDS["评议"])
    await g.appraisal.evaluate(opinion, request("technician"))
    tomorrow = (estate.clock.now() + DAY).astimezone(ZONE).date()
    await g.rostering.publish(JX, [Wanted(tomorrow, DutyPeriod.MORNING, "assistant")], request("supervisor"))
    await g.rostering.leave(JX, "assistant", tomorrow, tomorrow, "assistant2", WORDS["请假"], request("supervisor"))


def back_entry(estate: Estate) -> Any:
    now = estate.clock.now()
    return BackEntry.model_validate(
        {
            "community": JX,
            "channel": "phone",
            "description": WORDS["补单"],
            **{name: value.model_dump(exclude_none=True) for name, value in who().items()},
            "classified": {"kind": "other", "occurred_at": now},
            "dispatched": {"assignee": "technician", "occurred_at": now},
            "completed": {"resolution": WORDS["补单完工"], "occurred_at": now},
        }
    )


async def erase(estate: Estate, ticket: str) -> Waiting:
    """Let two people erase the ticket's subject."""
    asked = await estate.g.erasure.ask(Erase(ticket=ticket, reason="request"), estate.request("privacy_officer"))
    return await estate.g.approvals.approve(asked.case.id, estate.request("director"))


async def erase_resident(estate: Estate, resident: UUID) -> Waiting:
    """Let two people erase a resident."""
    asked = await estate.g.erasure.ask(Erase(resident=resident, reason="request"), estate.request("privacy_officer"))
    return await estate.g.approvals.approve(asked.case.id, estate.request("director"))


async def erase_all(estate: Estate, lived: Household) -> None:
    """Erase the whole household; defects of a move-in belong to the move-in's subject, a linked caller to the resident."""
    for ticket in lived.tickets[:5]:
        await erase(estate, ticket)
    assert lived.resident is not None
    await erase_resident(estate, lived.resident)
