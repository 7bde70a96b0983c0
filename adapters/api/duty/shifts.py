"""Operations of shifts (班次): open, keep, hand over with two signatures, review, read."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from adapters.answers.duty.documents import HandoverAnswer, ShiftAnswer, handover_answer, shift_answer
from adapters.api.openapi import responses
from adapters.api.openapi.description import command_extra
from adapters.web.authentication import TheCaller
from adapters.web.bodies.duty import SHIFT_COMMANDS, OpenShift, Operation, Timed
from adapters.web.commands import Writing, command, done_response
from adapters.web.context import TheApi
from adapters.web.parameters import CommunityParam, Id
from adapters.web.reading import json_answer
from adapters.web.routing import resources
from domain.duty.duty_desk import ShiftDone
from domain.kernel.errors import NotFound
from domain.kernel.terms import ShiftTrigger

router = resources("duty")

SUMMARIES = {
    ShiftTrigger.EXTEND: "连班 · Hold the adjoining period too",
    ShiftTrigger.LOG: "记日志 · Write a line of the duty log",
    ShiftTrigger.SUBSTITUTE: "代值 · Name a substitute",
    ShiftTrigger.CONFIRM_STAND_IN: "确认代值 · Confirm standing in",
    ShiftTrigger.RETURN_TO_POST: "返岗 · Return to the post",
    ShiftTrigger.SWITCH_PHONE: "电话切换 · Switch the phone to the control room, or back",
    ShiftTrigger.ARRIVE: "到岗签到 · Sign in on arrival",
    ShiftTrigger.PREPARE_HANDOVER: "填写工作移交表 · Prepare the handover sheet",
    ShiftTrigger.SIGN_OUT: "交班签名 · Sign out",
    ShiftTrigger.SIGN_IN: "接班签名 · Sign in, which opens the next shift",
    ShiftTrigger.DISPUTE: "移交异议 · Dispute the sheet",
    ShiftTrigger.TAKE_OVER: "主管接管 · Take a shift over",
    ShiftTrigger.REVIEW: "主管查阅 · Review a shift, and urge tickets",
}
"""OpenAPI summary of each command on a shift."""


async def _answer(write: Writing, done: ShiftDone, status: int = 200) -> Response:
    reading = await write.api.gongdan.duty_records.after_command(write.caller.login, done.state, directory=write.caller.directory)
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
    """Open a shift, while nobody holds the desk.

    Officers arrive `handover.arrive_before_minutes` before the start; a later arrival is entered as late (D5 八).
    """
    async with command(request, OpenShift) as (write, body):
        done = await write.api.gongdan.duty.open(body.community, write.request(body))
        return await _answer(write, done, 201)


def _operation(model: type[Timed], operate: Operation) -> Callable[[Request, UUID], Awaitable[Response]]:
    async def operation(request: Request, id_: Id) -> Response:
        async with command(request, model) as (write, body):
            return await _answer(write, await operate(write.api.gongdan.duty, id_, write.request(body), body))

    return operation


for _trigger, (_model, _operate) in SHIFT_COMMANDS.items():
    router.add_api_route(
        f"/shifts/{{id}}/{_trigger.value.replace('_', '-')}",
        _operation(_model, _operate),
        methods=["POST"],
        name=f"shift_{_trigger.value}",
        operation_id=f"shift_{_trigger.value}",
        summary=SUMMARIES[_trigger],
        description=_model.__doc__ if _model is not Timed else None,
        response_model=ShiftAnswer,
        responses=responses.write(200),
        openapi_extra=command_extra(_model),
    )


@router.get("/shifts/current", summary="当值 · Who holds the desk", response_model=ShiftAnswer, responses=responses.read())
async def current(api: TheApi, caller: TheCaller, community: CommunityParam) -> Response:
    """Read the shift that holds the desk, masked; 404 while nobody does."""
    if community not in caller.directory.communities_of(caller.login, api.gongdan.clock.now()):
        raise NotFound("community")
    reading = await api.gongdan.duty_records.current(caller.login, community, directory=caller.directory)
    return json_answer(shift_answer(reading), {"ETag": f'"{reading.state.version}"'})


@router.get("/shifts/{id}", summary="班次 · A shift with its log", response_model=ShiftAnswer, responses=responses.read())
async def shift(
    api: TheApi,
    caller: TheCaller,
    id_: Id,
    masked: Annotated[bool, Query(description="leave texts masked, without an entry in the access log")] = False,
) -> Response:
    """Read a shift with its log. Opening its texts is recorded in the access log; where that fails they are masked."""
    reading = await api.gongdan.duty_records.shift(caller.login, id_, personal=not masked, directory=caller.directory)
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
    """Read a handover sheet with hash and signatures. They still verify after the erasure of a person on the sheet."""
    reading, found = await api.gongdan.duty_records.handover(caller.login, id_, sheet, directory=caller.directory)
    return json_answer(handover_answer(reading, found), {"ETag": f'"{reading.state.version}"'})
