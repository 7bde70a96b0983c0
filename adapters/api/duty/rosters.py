"""Operations of the duty roster (值班表): publish, swap, leave, read; iCalendar feeds of duties; the attendance list.

Calendar programs can't send a token, so a feed has an address that nobody can guess: 256 random bits, of which the store keeps
the hash only. Its owner may issue a new address or revoke it; both take effect in every process at once.
"""

from datetime import timedelta
from typing import Annotated

from fastapi import Path, Query
from starlette.requests import Request
from starlette.responses import Response

from adapters.accounts.tokens import SECRET_BYTES, clear_secret, secret_digest
from adapters.answers.duty.roster import AttendanceAnswer, FeedAnswer, MadeFeed, RosterAnswer, roster_answer
from adapters.answers.freshness import reached
from adapters.api.openapi import responses
from adapters.api.openapi.description import PUBLIC, command_extra
from adapters.exchange.exporting.attendance import attendance
from adapters.exchange.exporting.duty_feed import duty_feed
from adapters.system.system import entropy
from adapters.web.authentication import TheCaller
from adapters.web.bodies.duty import CoverLeave, PublishRoster, SwapDuties
from adapters.web.bodies.fields import Empty
from adapters.web.commands import Writing, command, done_response
from adapters.web.context import TheApi
from adapters.web.parameters import CommunityParam, MinPosition
from adapters.web.reading import json_answer
from adapters.web.routing import resources
from domain.duty.rostering import RosterDone, Wanted
from domain.kernel.errors import NotFound
from projections.duty.duty_coverage import DUTY_COVERAGE, duties_of

router = resources("duty")

MONTH = r"^[0-9]{4}-(0[1-9]|1[0-2])$"
Month = Annotated[str, Query(pattern=MONTH, description="月份 · YYYY-MM, in the community's time")]
SHOWN_BACK = timedelta(days=31)
"""How far back a feed shows duties."""


@router.get("/rosters", summary="值班表 · A month's roster", response_model=RosterAnswer, responses=responses.read())
async def get_roster(api: TheApi, caller: TheCaller, community: CommunityParam, month: Month) -> Response:
    """Read a month's roster; for everybody who works in the community.

    Reasons of changes are opened for those who may change the roster, which is recorded in the access log.
    """
    reading = await api.gongdan.rostering.roster(caller.login, community, month, directory=caller.directory)
    return json_answer(roster_answer(reading), {"ETag": f'"{reading.state.version}"'})


async def _answer(write: Writing, done: RosterDone, status: int = 200) -> Response:
    reading = await write.api.gongdan.rostering.after_command(write.caller.login, done.state)
    location = f"/rosters?community={done.state.community}&month={done.state.month}" if status == 201 else None
    return done_response(roster_answer(reading), done, location)


@router.post(
    "/rosters",
    summary="公布值班表 · Publish who is due",
    status_code=201,
    response_model=RosterAnswer,
    responses=responses.write(201),
    openapi_extra=command_extra(PublishRoster),
)
async def publish(request: Request) -> Response:
    """Publish duties of a month, all or some. Each person must hold the period's post on that day; no period may have begun."""
    async with command(request, PublishRoster) as (write, body):
        wanted = [Wanted(one.date, one.period, one.login) for one in body.duties]
        return await _answer(write, await write.api.gongdan.rostering.publish(body.community, wanted, write.request()), 201)


@router.post(
    "/rosters/swap",
    summary="换班 · Swap two duties",
    response_model=RosterAnswer,
    responses=responses.write(200),
    openapi_extra=command_extra(SwapDuties),
)
async def swap(request: Request) -> Response:
    """Swap two duties. The answer is the roster of the first duty's month."""
    async with command(request, SwapDuties) as (write, body):
        rostering = write.api.gongdan.rostering
        done = await rostering.swap(body.community, body.first.slot(), body.second.slot(), body.reason, write.request())
        return await _answer(write, done)


@router.post(
    "/rosters/leave",
    summary="请假顶班 · Have a leave covered",
    response_model=RosterAnswer,
    responses=responses.write(200),
    openapi_extra=command_extra(CoverLeave),
)
async def leave(request: Request) -> Response:
    """Pass every duty of these days that has not begun to the person who covers. The answer is the first month's roster."""
    async with command(request, CoverLeave) as (write, body):
        done = await write.api.gongdan.rostering.leave(
            body.community, body.login, body.from_day, body.to_day, body.cover, body.reason, write.request()
        )
        return await _answer(write, done)


# --- feeds ------------------------------------------------------------------------------------------------------------


@router.get("/rosters/feed", summary="日历订阅 · Whether I have a feed", response_model=FeedAnswer, responses=responses.read())
async def get_feed(api: TheApi, caller: TheCaller) -> Response:
    """Say whether the caller has a feed. Its address was shown when it was issued and can't be shown again."""
    person = caller.directory.person(caller.login)
    return json_answer(FeedAnswer(login=caller.login, active=person.feed is not None), {"ETag": f'"{person.version}"'})


@router.post(
    "/rosters/feed",
    summary="开通日历订阅 · Issue a feed of my duties",
    status_code=201,
    response_model=MadeFeed,
    responses=responses.write(201),
    openapi_extra=command_extra(Empty),
)
async def issue_feed(request: Request) -> Response:
    """Issue an address for the caller's feed, in place of an earlier one. A repeat of the idempotency key shows it again."""
    async with command(request, Empty) as (write, _):
        g, key = write.api.gongdan, write.key
        secret = entropy(SECRET_BYTES)
        if key is not None:
            secret = await g.sealer.body_hash(f"feed secret\0{key.caller}\0{key.key}\0".encode() + key.body_hash)
        name = clear_secret(secret[:SECRET_BYTES])
        done = await g.rostering.issue_feed(secret_digest(name), write.request())
        path = f"/rosters/feeds/{name}.ics"
        made = MadeFeed(login=write.caller.login, active=True, address=f"{router.prefix}{path}")
        return done_response(made, done, path)


@router.post(
    "/rosters/feed/revoke",
    summary="停用日历订阅 · Revoke my feed",
    response_model=FeedAnswer,
    responses=responses.write(200),
    openapi_extra=command_extra(Empty),
)
async def revoke_feed(request: Request) -> Response:
    """Revoke the caller's feed. Its address is then not found."""
    async with command(request, Empty) as (write, _):
        done = await write.api.gongdan.rostering.revoke_feed(write.request())
        return done_response(FeedAnswer(login=write.caller.login, active=False), done)


@router.get(
    "/rosters/feeds/{secret}.ics",
    summary="值班日历 · A person's duties as iCalendar",
    response_class=Response,
    responses=responses.problems(404, 422, 429, 503) | {200: {"description": "RFC 5545", "content": {"text/calendar": {}}}},
    openapi_extra=PUBLIC,
)
async def feed(request: Request, api: TheApi, secret: Annotated[str, Path(pattern=r"^[\w\-]{43}$")]) -> Response:
    """Read a person's duties of the last 31 days and all to come, in every community. Colleagues are not in it."""
    digest = secret_digest(secret)
    directory = await api.gongdan.directory.current()
    try:
        person = directory.feed_holder(digest)
    except NotFound:
        await api.per_stranger.hit(request.client.host if request.client else "")
        raise
    await api.per_token.hit(digest)
    reader = api.gongdan.projections.reader(DUTY_COVERAGE.name)
    _, duties = await duties_of(reader, person.login, api.gongdan.clock.now() - SHOWN_BACK)
    return Response(duty_feed(person, duties, directory), media_type="text/calendar; charset=utf-8")


# --- attendance -------------------------------------------------------------------------------------------------------


@router.get(
    "/attendance",
    summary="考勤表 · A month's attendance at the desk",
    response_model=AttendanceAnswer,
    responses=responses.read(),
)
async def get_attendance(
    api: TheApi, caller: TheCaller, community: CommunityParam, month: Month, min_position: MinPosition = None
) -> Response:
    """Read a month's attendance; for human resources, who pay by it, and for supervisors of the staff."""
    await reached(api.gongdan, DUTY_COVERAGE.name, min_position)
    return json_answer(await attendance(api.gongdan, caller.directory, caller.login, community, month))
