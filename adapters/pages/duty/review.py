"""Morning review page (早间查阅, D1 4.1.4), and the command by which the supervisor proves the reading."""

from datetime import timedelta

from fastapi import APIRouter
from starlette.responses import Response

from adapters.answers.caller import Caller
from adapters.answers.duty.reading import morning_review_answer
from adapters.pages.duty.shift_forms import carry_out
from adapters.pages.frame.forms import Form, receive_form
from adapters.pages.frame.moments import day_in
from adapters.pages.frame.refusals import explained
from adapters.pages.frame.visitor import TheVisitor, Visitor, go
from adapters.web.parameters import Id
from domain.kernel.errors import NotFound, Refusal
from domain.kernel.terms import ClockName, ClockStatus

router = APIRouter(include_in_schema=False)


@router.get("/review")
async def review(visitor: TheVisitor, day: str | None = None) -> Response:
    """Show the review of a day, by default today."""
    return await review_page(visitor, day)


async def review_page(
    visitor: Visitor, day: str | None = None, refusal: Refusal | None = None, form: Form | None = None
) -> Response:
    """Render the review, a refusal above it."""
    if visitor.community is None:
        raise NotFound("community")
    caller = Caller(visitor.login, visitor.directory, visitor.registry_version)
    found = await morning_review_answer(visitor.gongdan, caller, visitor.community, day_in(day, "/day"))
    refused = explained(refusal, visitor) if refusal else None
    return visitor.page(
        "duty/review.html",
        refused.status if refused else 200,
        found=found,
        unread=[shift for shift in found.shifts if shift.id in found.unread],
        before=found.date - timedelta(days=1),
        after=found.date + timedelta(days=1),
        today=visitor.directory.day(visitor.community, visitor.now),
        clocks={ClockName(name): counts for name, counts in found.by_clock.items()},
        statuses=ClockStatus,
        refused=refused,
        filled=form.values if form else {},
        urged=form.all("urge") if form else [],
    )


@router.post("/review/{id}")
async def read(visitor: TheVisitor, id_: Id) -> Response:
    """Record the review of a shift (主管查阅) and urge tickets; then show that day's review again."""
    form = await receive_form(visitor)
    day = form.get("day") or None
    try:
        await carry_out(visitor, id_, "review", form)
    except NotFound:
        raise
    except Refusal as refusal:
        return await review_page(visitor, day, refusal, form)
    return go(f"/review?day={day_in(day, '/day')}" if day else "/review")
