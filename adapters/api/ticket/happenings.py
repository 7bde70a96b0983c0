"""Queries for auditors: a community's event stream (事件流), and its process (流程): how often each transition was taken."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from adapters.answers.freshness import reached
from adapters.answers.paging import Page
from adapters.answers.ticket.happenings import (
    REOPENED,
    REWORK,
    TYPES,
    EventAnswer,
    LivedAnswer,
    StateAnswer,
    WayAnswer,
    begin_of,
    check_audits,
    stream_named,
    walked,
)
from adapters.api.openapi import responses
from adapters.web.authentication import TheCaller
from adapters.web.context import Api, TheApi
from adapters.web.parameters import CommunityParam, Cursor, Limit, MinPosition
from adapters.web.reading import json_answer
from adapters.web.routing import resources
from domain.duty.shift import Shift
from domain.kernel.errors import invalid
from domain.kernel.terms import Book, State
from domain.ticket.events import Ticket
from projections.engine.cursors import position_in, seal_cursor
from projections.ticket.event_stream import EVENT_STREAM, EventRow, events
from projections.ticket.lived_process import process

router = resources("audit")


@router.get(
    "/audit/events", summary="事件流 · Events, the latest first", response_model=Page[EventAnswer], responses=responses.read()
)
async def list_events(
    api: TheApi,
    caller: TheCaller,
    community: CommunityParam,
    type: Annotated[str | None, Query(max_length=60, description="only this type, such as `ticket.dispatched`")] = None,
    person: Annotated[str | None, Query(max_length=60, description="who did it, for whom, or as the second person")] = None,
    ticket: Annotated[str, Query(max_length=80, description="only of this ticket, by number or id")] = "",
    from_: Annotated[date | None, Query(alias="from", description="first day, the community's")] = None,
    to: Annotated[date | None, Query(description="last day, included")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
    min_position: MinPosition = None,
) -> Response:
    """List events of tickets and shifts, the last recorded first. `from` and `to` are days on which events happened."""
    g, directory = api.gongdan, caller.directory
    await check_audits(g, directory, caller.login, community, "events")
    if type is not None and type not in TYPES:
        raise invalid("/query/type", f"no such event; known: {', '.join(TYPES)}")
    since = begin_of(directory, community, from_, "/query/from") if from_ else None
    until = begin_of(directory, community, to, "/query/to") + timedelta(days=1) if to else None
    await reached(api.gongdan, EVENT_STREAM.name, min_position)
    found = await events(
        g.projections.reader(EVENT_STREAM.name),
        community,
        topics=(type,) if type else (),
        person=person,
        stream=await stream_named(g.desk, ticket),
        since=since,
        until=until,
        before=position_in(cursor),
        limit=limit,
    )
    more = seal_cursor(found.items[-1].position) if found.more else None
    return json_answer(Page[EventAnswer](items=await _answers(api, found.items), next_cursor=more))


async def _answers(api: Api, rows: Sequence[EventRow]) -> list[EventAnswer]:
    taken = await api.gongdan.journal.log.numbers_of(list({row.stream for row in rows}))
    numbers = {stream: one.number for stream, all_of in taken.items() for one in all_of if one.book == Book.INTAKE}
    return [
        EventAnswer(
            position=row.position,
            type=row.topic,
            ticket=row.stream if row.topic in Ticket.events() else None,
            number=numbers.get(row.stream),
            shift=row.stream if row.topic in Shift.events() else None,
            version=row.version,
            by=row.actor,
            on_behalf_of=row.on_behalf_of,
            second_person=row.second_person,
            occurred_at=row.at,
            recorded_at=row.recorded_at,
            back_entered=row.back_entered,
            offline_entered=row.offline_entered,
            state_before=row.before,
            state_after=row.after,
        )
        for row in rows
    ]


@router.get("/audit/process", summary="流程 · Transitions taken", response_model=LivedAnswer, responses=responses.read())
async def lived(
    api: TheApi,
    caller: TheCaller,
    community: CommunityParam,
    on: Annotated[date | None, Query(description="at the end of this day, the community's; today if left out")] = None,
    min_position: MinPosition = None,
) -> Response:
    """Read how often each transition of the lifecycle table was taken, and each state's tickets and median stay."""
    g, directory = api.gongdan, caller.directory
    await check_audits(g, directory, caller.login, community, "process")
    day = on or directory.day(community, g.clock.now())
    end = begin_of(directory, community, day, "/query/on") + timedelta(days=1)
    await reached(api.gongdan, EVENT_STREAM.name, min_position)
    found = await process(g.projections.reader(EVENT_STREAM.name), community, end)
    counts = walked(found)
    return json_answer(
        LivedAnswer(
            community=community,
            on=day,
            position=found.position,
            ways=[
                WayAnswer(source=edge.source, target=edge.target, trigger=edge.trigger, outcome=edge.outcome or None, count=count)
                for edge, count in counts.items()
            ],
            states=[
                StateAnswer(
                    state=state,
                    standing=found.standing.get(state, 0),
                    stays=found.stays.get(state, 0),
                    median_seconds=found.median[state].total_seconds() if state in found.median else None,
                )
                for state in State
            ],
            rework=counts[REWORK],
            reopened=counts[REOPENED],
            returned=found.returned,
        )
    )
