"""Shifts (班次): taking the desk, keeping it, handing it over with two signatures, reviewing it."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from adapters.answers.duty.documents import HandoverAnswer, ShiftAnswer, handover_answer, shift_answer
from adapters.api.openapi import responses
from adapters.api.openapi.description import command_extra
from adapters.api.people.communities import CommunityParam
from adapters.web.authentication import TheCaller
from adapters.web.command_bodies import OCCURRED, OFFLINE
from adapters.web.commands import Writing, command, done_response
from adapters.web.context import TheApi
from adapters.web.reading import json_answer
from adapters.web.routing import resources
from domain.duty.duty_desk import DutyDesk, ShiftDone
from domain.kernel.errors import NotFound, invalid
from domain.kernel.request import Request as Asked
from domain.kernel.terms import Condition, ShiftTrigger
from domain.kernel.values import Code, FreeText, Login, Moment, TicketRef, Value

router = resources("duty")

Id = Annotated[UUID, Path(alias="id")]
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="所见移交表的散列 · SHA-256 of the sheet the signer saw")]
Arrival = Annotated[Moment, Field(description="到岗时间，缺省为现在 · when the officer arrived; now if left out")]


class Timed(Value):
    """Base of the bodies: when it happened."""

    occurred_at: Moment | None = OCCURRED[1]


class OpenShift(Timed):
    """Where the desk is taken."""

    community: Code
    arrived_at: Arrival | None = None


class LogLine(Timed):
    """A line of the duty log, which may point at a ticket; may be late, or drafted offline."""

    text: FreeText
    ticket: TicketRef | None = None
    offline: bool = OFFLINE[1]


class StandIn(Timed):
    """Who stands in for the officer; without a substitute nobody leaves (D5 六)."""

    stand_in: Login | None = None


class SwitchPhone(Timed):
    """Who answers in the control room; null: the phone is back at the desk."""

    answered_by: Login | None = None


class EquipmentItem(Value):
    """One thing on the list of the post, and its condition."""

    item: Code
    condition: Condition


class PrepareHandover(Timed):
    """What the officer states; the unfinished tickets are read from the log. What isn't stated stands as ``not_checked``."""

    equipment: list[EquipmentItem] = Field(default=[], max_length=40)
    records: list[Code] = Field(default=[], max_length=40)
    remarks: FreeText | None = None


class SignOut(Timed):
    """The outgoing officer's signature."""

    hash: Hash | None = None


class SignIn(Timed):
    """The incoming officer's signature; opens their shift."""

    hash: Hash | None = None
    arrived_at: Arrival | None = None


class DisputeSheet(Timed):
    """What the incoming officer doesn't agree with."""

    reason: FreeText
    hash: Hash | None = None


class TakeOver(Timed):
    """Why a shift is ended over its officer's head."""

    reason: FreeText


class ReviewShift(Timed):
    """The supervisor's reading: up to which position of the log (its end if left out), and the tickets urged with it."""

    read_upto: int | None = Field(default=None, ge=0, le=2**53)
    remarks: FreeText | None = None
    urge: list[TicketRef] = Field(default=[], max_length=200)
    message: FreeText | None = None


async def _answer(write: Writing, done: ShiftDone, status: int = 200) -> Response:
    reading = await write.api.gongdan.duty_records.after_command(write.caller.login, done.state)
    location = f"/shifts/{done.state.id}" if status == 201 else None
    return done_response(shift_answer(reading), done, location)


@router.post(
    "/shifts",
    summary="上岗 · Open a shift",
    status_code=201,
    response_model=ShiftAnswer,
    responses=responses.write(201),
    openapi_extra=command_extra(OpenShift),
)
async def open_shift(request: Request) -> Response:
    """Only where nobody holds the desk; who arrives later than 15 minutes before the start is noted as late (D5 八)."""
    async with command(request, OpenShift) as (write, body):
        done = await write.api.gongdan.duty.open(body.community, write.request(body), body.arrived_at)
        return await _answer(write, done, 201)


Operation = Callable[[DutyDesk, UUID, Asked, Any], Awaitable[ShiftDone]]


def _equipment(body: PrepareHandover) -> dict[str, Condition]:
    stated: dict[str, Condition] = {}
    for i, thing in enumerate(body.equipment):
        if thing.item in stated:
            raise invalid(f"/equipment/{i}/item", "named twice")
        stated[thing.item] = thing.condition
    return stated


OPERATIONS: tuple[tuple[ShiftTrigger, type[Timed], str, Operation], ...] = (
    (ShiftTrigger.EXTEND, Timed, "连班 · Hold the adjoining period too", lambda d, s, r, b: d.extend(s, r)),
    (ShiftTrigger.LOG, LogLine, "记日志 · Write a line of the duty log", lambda d, s, r, b: d.log(s, b.text, b.ticket, r)),
    (ShiftTrigger.SUBSTITUTE, StandIn, "代值 · Have somebody stand in", lambda d, s, r, b: d.substitute(s, b.stand_in, r)),
    (ShiftTrigger.RETURN_TO_POST, Timed, "返岗 · Return to the post", lambda d, s, r, b: d.return_to_post(s, r)),
    (
        ShiftTrigger.SWITCH_PHONE,
        SwitchPhone,
        "电话切换 · Switch the phone to the control room, or back",
        lambda d, s, r, b: d.switch_phone(s, b.answered_by, r),
    ),
    (
        ShiftTrigger.PREPARE_HANDOVER,
        PrepareHandover,
        "填写工作移交表 · Prepare the handover sheet",
        lambda d, s, r, b: d.prepare_handover(s, r, equipment=_equipment(b), records=b.records, remarks=b.remarks),
    ),
    (ShiftTrigger.SIGN_OUT, SignOut, "交班签名 · Sign out", lambda d, s, r, b: d.sign_out(s, r, b.hash)),
    (
        ShiftTrigger.SIGN_IN,
        SignIn,
        "接班签名 · Sign in, which opens the next shift",
        lambda d, s, r, b: d.sign_in(s, r, b.arrived_at, b.hash),
    ),
    (ShiftTrigger.DISPUTE, DisputeSheet, "移交异议 · Dispute the sheet", lambda d, s, r, b: d.dispute(s, b.reason, r, b.hash)),
    (ShiftTrigger.TAKE_OVER, TakeOver, "主管接管 · Take a shift over", lambda d, s, r, b: d.take_over(s, b.reason, r)),
    (
        ShiftTrigger.REVIEW,
        ReviewShift,
        "主管查阅 · Review a shift, and urge tickets",
        lambda d, s, r, b: d.review(s, r, read_upto=b.read_upto, remarks=b.remarks, urge=b.urge, message=b.message),
    ),
)
"""Every trigger of a shift that is there: its body, in words, and the use case."""


def _operation(model: type[Timed], operate: Operation) -> Callable[[Request, UUID], Awaitable[Response]]:
    async def operation(request: Request, id_: Id) -> Response:
        async with command(request, model) as (write, body):
            return await _answer(write, await operate(write.api.gongdan.duty, id_, write.request(body), body))

    return operation


for _trigger, _model, _summary, _operate in OPERATIONS:
    router.add_api_route(
        f"/shifts/{{id}}/{_trigger.value.replace('_', '-')}",
        _operation(_model, _operate),
        methods=["POST"],
        name=f"shift_{_trigger.value}",
        operation_id=f"shift_{_trigger.value}",
        summary=_summary,
        description=_model.__doc__ if _model is not Timed else None,
        response_model=ShiftAnswer,
        responses=responses.write(200),
        openapi_extra=command_extra(_model),
    )


@router.get("/shifts/current", summary="当值 · Who holds the desk", response_model=ShiftAnswer, responses=responses.read())
async def current(api: TheApi, caller: TheCaller, community: CommunityParam) -> Response:
    """Masked; not found while nobody does."""
    if community not in caller.directory.communities_of(caller.login, api.gongdan.clock.now()):
        raise NotFound("community")
    reading = await api.gongdan.duty_records.current(caller.login, community)
    return json_answer(shift_answer(reading), {"ETag": f'"{reading.state.version}"'})


@router.get("/shifts/{id}", summary="班次 · A shift with its log", response_model=ShiftAnswer, responses=responses.read())
async def shift(
    api: TheApi,
    caller: TheCaller,
    id_: Id,
    masked: Annotated[bool, Query(description="leave texts masked, without a look in the access log")] = False,
) -> Response:
    """Opening its texts is recorded in the access log; where that can't be done, the masked view is answered."""
    reading = await api.gongdan.duty_records.shift(caller.login, id_, personal=not masked)
    return json_answer(shift_answer(reading), {"ETag": f'"{reading.state.version}"'})


@router.get(
    "/shifts/{id}/handover",
    summary="工作移交表 · The handover sheet, with hash and signatures",
    response_model=HandoverAnswer,
    responses=responses.read(),
)
async def handover(
    api: TheApi,
    caller: TheCaller,
    id_: Id,
    sheet: Annotated[int | None, Query(ge=1, le=10_000, description="第几张 · by its number; the last one if left out")] = None,
) -> Response:
    """For ever, also after a resident on it was erased: the hash follows from the log alone."""
    reading, found = await api.gongdan.duty_records.handover(caller.login, id_, sheet)
    return json_answer(handover_answer(reading, found), {"ETag": f'"{reading.state.version}"'})
