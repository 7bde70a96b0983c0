"""Operations of tickets (工单): receive, every trigger, read as of now or of a moment, history."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Path, Query
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from adapters.answers.ticket.documents import HistoryAnswer, TicketAnswer
from adapters.answers.ticket.ticket import history_answer, ticket_answer
from adapters.api.openapi import responses
from adapters.api.openapi.description import command_extra
from adapters.api.openapi.examples import EXAMPLES, RECEIVED
from adapters.labels.labels import label
from adapters.web.authentication import TheCaller
from adapters.web.bodies.ticket import BACK_ENTRY_BODY, BODIES, RECEIVE_BODY, command_of, trigger_command
from adapters.web.commands import command, ticket_response
from adapters.web.context import TheApi
from adapters.web.reading import json_answer
from adapters.web.routing import resources
from domain.kernel.terms import Trigger
from domain.kernel.values import Moment
from domain.ticket import commands as c
from domain.ticket.back_entry import BackEntry

router = resources("tickets")

Ref = Annotated[str, Path(alias="id", description="工单编号或 id · the ticket's id or one of its numbers")]


@router.post(
    "/tickets",
    summary="接单 · Receive a ticket",
    status_code=201,
    response_model=TicketAnswer,
    responses=responses.write(201, waits=True, minimal=True),
    openapi_extra=command_extra(RECEIVE_BODY, RECEIVED, minimal=True),
)
async def receive(request: Request) -> Response:
    """Receive a ticket. One entered later than the limit for late entry waits for a second person (202)."""
    async with command(request, RECEIVE_BODY) as (write, body):
        done = await write.api.gongdan.desk.receive(command_of(body, c.Receive), write.request(body))
        return await ticket_response(write, done, 201)


@router.post(
    "/tickets/back-entries",
    summary="补单 · Enter a ticket whose work was done before",
    status_code=201,
    response_model=TicketAnswer,
    responses=responses.write(201, waits=True, minimal=True),
    openapi_extra=command_extra(BACK_ENTRY_BODY, minimal=True),
)
async def back_enter(request: Request) -> Response:
    """Enter receipt, classification, dispatch and optionally completion in one command, each with its true moment, in order."""
    async with command(request, BACK_ENTRY_BODY) as (write, body):
        done = await write.api.gongdan.desk.back_enter(command_of(body, BackEntry), write.request(body))
        return await ticket_response(write, done, 201)


def _operation(trigger: Trigger, body_model: type[BaseModel]) -> Callable[[Request, str], Awaitable[Response]]:
    async def operate(request: Request, ref: Ref) -> Response:
        async with command(request, body_model) as (write, body):
            done = await write.api.gongdan.desk.act(ref, trigger_command(trigger, body), write.request(body))
            return await ticket_response(write, done)

    return operate


for _trigger, _model in BODIES.items():
    router.add_api_route(
        f"/tickets/{{id}}/{_trigger.value.replace('_', '-')}",
        _operation(_trigger, _model),
        methods=["POST"],
        name=_trigger.value,
        operation_id=_trigger.value,
        summary=f"{label(_trigger)} · {label(_trigger, 'en')}",
        description=c.COMMANDS[_trigger].__doc__,
        response_model=TicketAnswer,
        responses=responses.write(200, waits=True, minimal=True),
        openapi_extra=command_extra(_model, EXAMPLES.get(_trigger), minimal=True),
    )


@router.get(
    "/tickets/{id}",
    summary="工单 · A ticket, now or as it was",
    response_model=TicketAnswer,
    responses=responses.read(),
)
async def ticket(
    api: TheApi,
    caller: TheCaller,
    ref: Ref,
    version: Annotated[int | None, Query(ge=1, le=10**15, description="at a version")] = None,
    at: Annotated[Moment | None, Query(description="as of this moment, by when events happened")] = None,
    known_at: Annotated[Moment | None, Query(description="as known at this moment, by when events were recorded")] = None,
    masked: Annotated[bool, Query(description="leave personal data masked, without an entry in the access log")] = False,
) -> Response:
    """Read a ticket, now or as it was.

    Opening personal data is recorded in the access log; where that fails it is masked.
    """
    reading = await api.gongdan.inquiries.ticket(
        caller.login, ref, version=version, at=at, known_at=known_at, personal=not masked, directory=caller.directory
    )
    return json_answer(ticket_answer(reading), {"ETag": f'"{reading.state.version}"'})


@router.get(
    "/tickets/{id}/history",
    summary="工单经过 · Every event of a ticket",
    response_model=HistoryAnswer,
    responses=responses.read(),
)
async def history(api: TheApi, caller: TheCaller, ref: Ref) -> Response:
    """List a ticket's events for those who may audit: who, both times, the state before and after, the clocks then."""
    steps = await api.gongdan.inquiries.history(caller.login, ref, directory=caller.directory)
    return json_answer(history_answer(steps[0].stored.stream_id, steps))
