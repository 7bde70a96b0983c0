"""What is read of duty (值班): the handover list, the duty logs, coverage with its gaps, and the morning review."""

from datetime import date
from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from adapters.answers.duty.documents import CoverageAnswer, HandoverListAnswer, LogAnswer, MorningReviewAnswer, RemindersAnswer
from adapters.answers.duty.reading import _after, _due, _gap, _item, _lines, _post, _reminders, _whole, _window, morning_review
from adapters.answers.duty.roster import covered
from adapters.answers.paging import Cursor, Limit, seal_cursor
from adapters.answers.ticket.lists import scope_of
from adapters.api.openapi import responses
from adapters.api.people.communities import CommunityParam
from adapters.web.authentication import TheCaller
from adapters.web.context import TheApi
from adapters.web.reading import MinPosition, json_answer, reached
from adapters.web.routing import resources
from domain.kernel import terms as t
from domain.kernel.values import Moment as AskedMoment
from projections.duty.duty_coverage import DUTY_COVERAGE, coverage
from projections.duty.handover_list import HANDOVER_LIST, handover_list
from projections.duty.night_log import NIGHT_LOG, lines
from projections.duty.reminders import REMINDERS, place, reminders
from projections.engine.tables import micros

router = resources("duty")

From = Annotated[AskedMoment | None, Query(alias="from", description="起 · from this moment; a day ago if left out")]
To = Annotated[AskedMoment | None, Query(description="止 · up to, not including, this moment; now if left out")]


@router.get(
    "/handover-list",
    summary="移交清单 · What the next handover sheet would list",
    response_model=HandoverListAnswer,
    responses=responses.read(),
)
async def get_handover_list(
    api: TheApi, caller: TheCaller, community: CommunityParam, min_position: MinPosition = None
) -> Response:
    """Everything unfinished, in the order of receipt; what was deferred and not converted by noon says so."""
    await _whole(api, caller, community, "handover_list")
    await reached(api, HANDOVER_LIST.name, min_position)
    gongdan = api.gongdan
    now = gongdan.clock.now()
    found = await handover_list(gongdan.projections.reader(HANDOVER_LIST.name), community)
    terms = caller.directory.policy_of(community).handover
    items = [_item(caller, row, now) for row in found.items]
    answer = HandoverListAnswer(
        community=community,
        position=found.position,
        items=items,
        deferred=[item.id for item in items if item.deferred_until is not None],
        equipment=list(terms.equipment(await _post(api, community))),
        records=list(terms.records),
    )
    return json_answer(answer)


@router.get(
    "/night-log",
    summary="夜间值班记录表、工作日志 · The night log, or the work journal",
    response_model=LogAnswer,
    responses=responses.read(),
)
async def get_night_log(
    api: TheApi,
    caller: TheCaller,
    community: CommunityParam,
    log: Annotated[t.DutyLog, Query(description="which of the two")] = t.DutyLog.NIGHT_LOG,
    from_: From = None,
    to: To = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    min_position: MinPosition = None,
) -> Response:
    """Opening the texts is recorded in the access log; where that can't be done, they are masked."""
    await _whole(api, caller, community, "night_log")
    await reached(api, NIGHT_LOG.name, min_position)
    start, end = _window(api.gongdan.clock.now(), from_, to)
    reader = api.gongdan.projections.reader(NIGHT_LOG.name)
    found = await lines(reader, community, log, start, end, after=_after(cursor), limit=limit + 1)
    rows = found.items[:limit]
    more = seal_cursor(micros(rows[-1].at), rows[-1].position) if len(found.items) > limit else None
    items, masked = await _lines(api, caller, community, rows)
    answer = LogAnswer(community=community, position=found.position, log=log, masked=masked, items=items, next_cursor=more)
    return json_answer(answer)


@router.get(
    "/duty-coverage",
    summary="值班覆盖 · Who held the desk, late arrivals, handovers not signed in time, gaps",
    response_model=CoverageAnswer,
    responses=responses.read(),
)
async def get_duty_coverage(
    api: TheApi,
    caller: TheCaller,
    community: CommunityParam,
    from_: From = None,
    to: To = None,
    limit: Limit = 200,
    cursor: Cursor = None,
    min_position: MinPosition = None,
) -> Response:
    """Both signatures are due within 30 minutes of the period's end; the desk is never without a person (D5 六)."""
    await _whole(api, caller, community, "duty_coverage")
    await reached(api, DUTY_COVERAGE.name, min_position)
    now = api.gongdan.clock.now()
    start, end = _window(now, from_, to)
    reader = api.gongdan.projections.reader(DUTY_COVERAGE.name)
    found = await coverage(reader, community, start, end)
    after = _after(cursor)
    rest = [row for row in found.shifts if (micros(row.opened_at), row.first_position) > after]
    rows = rest[:limit]
    shifts = [covered(caller.directory, row, now) for row in rows]
    more = seal_cursor(micros(rows[-1].opened_at), rows[-1].first_position) if len(rest) > limit else None
    first = cursor is None
    answer = CoverageAnswer(
        community=community,
        position=found.position,
        shifts=shifts,
        gaps=[_gap(row, now) for row in found.gaps if first],
        due=_due(caller, found, now) if first else [],
        late_arrivals=[one.id for one in shifts if one.late_minutes],
        overdue_handovers=[one.id for one in shifts if one.overdue_minutes],
        next_cursor=more,
    )
    return json_answer(answer)


@router.get(
    "/morning-review",
    summary="晨间查阅 · The supervisor's morning review",
    response_model=MorningReviewAnswer,
    responses=responses.read(),
)
async def get_morning_review(
    api: TheApi,
    caller: TheCaller,
    community: CommunityParam,
    day: Annotated[date | None, Query(alias="date", description="哪一天 · of which day; today's if left out")] = None,
    min_position: MinPosition = None,
) -> Response:
    """For those who may review; reading it proves nothing, `review` of a shift does."""
    return json_answer(await morning_review(api, caller, community, day, min_position))


@router.get(
    "/reminders",
    summary="提醒 · What runs late, or is about to",
    response_model=RemindersAnswer,
    responses=responses.read(),
)
async def get_reminders(
    api: TheApi,
    caller: TheCaller,
    community: CommunityParam,
    standing: Annotated[bool, Query(description="只看未解除的 · only those whose cause lasts")] = True,
    limit: Limit = 50,
    cursor: Cursor = None,
    min_position: MinPosition = None,
) -> Response:
    """Of the whole community for who reads all its tickets; else those about oneself."""
    scope = await scope_of(api, caller, community)
    await reached(api, REMINDERS.name, min_position)
    found = await reminders(
        api.gongdan.projections.reader(REMINDERS.name), community,
        standing=standing, login=None if scope.everything else caller.login, after=_after(cursor), limit=limit + 1,
    )  # fmt: skip
    rows = found.items[:limit]
    more = seal_cursor(*place(rows[-1])) if len(found.items) > limit else None
    items = await _reminders(api, rows)
    return json_answer(RemindersAnswer(community=community, position=found.position, items=items, next_cursor=more))
