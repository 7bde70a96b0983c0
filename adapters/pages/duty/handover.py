"""Page of the handover sheet (工作移交表): its text, hash and signatures, what changed since; prepare, sign, dispute, print."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from adapters.answers.duty.documents import sheet_status
from adapters.pages.duty.shift_forms import colleagues, offered, since_of
from adapters.pages.frame.forms import Form
from adapters.pages.frame.refusals import explained
from adapters.pages.frame.visitor import TheVisitor, Visitor
from adapters.web.parameters import Id
from domain.duty.rules import HOLDERS
from domain.kernel.errors import NotFound, Refusal
from domain.kernel.terms import Condition, ShiftTrigger

router = APIRouter(include_in_schema=False)

ON_THE_SHEET = (
    ShiftTrigger.ARRIVE,
    ShiftTrigger.PREPARE_HANDOVER,
    ShiftTrigger.SIGN_OUT,
    ShiftTrigger.SIGN_IN,
    ShiftTrigger.DISPUTE,
    ShiftTrigger.TAKE_OVER,
)


@router.get("/handover/{id}")
async def handover(visitor: TheVisitor, id_: Id, sheet: int | None = None) -> Response:
    """Show the last sheet of a shift, or one by its number."""
    return await handover_page(visitor, id_, sheet)


async def handover_page(
    visitor: Visitor, shift: UUID, number: int | None = None, refusal: Refusal | None = None, form: Form | None = None
) -> Response:
    """Render the page of a sheet, a refusal above it. For a shift without a sheet it shows the form that prepares one."""
    reading = await visitor.gongdan.duty_records.shift(visitor.login, shift, directory=visitor.directory)
    state = reading.state
    wanted = [one for one in state.sheets if number in (None, one.number)]
    if number is not None and not wanted:
        raise NotFound("handover sheet")
    sheet = wanted[-1] if wanted else None
    changed = await visitor.gongdan.duty.since(state) if state.ended_at is None else None
    offers = offered(visitor, state, ON_THE_SHEET, changed)
    signing = sheet is not None and sheet is state.sheet and state.ended_at is None
    since = since_of(refusal)
    if since is None and signing:
        since = changed
    terms = visitor.directory.policy_of(state.community).handover
    refused = explained(refusal, visitor) if refusal else None
    return visitor.page(
        "duty/handover.html",
        refused.status if refused else 200,
        reading=reading,
        shift=state,
        sheet=sheet,
        sheet_state=sheet_status(state, sheet) if sheet else None,
        community=visitor.directory.community(state.community),
        since=since,
        signing=signing,
        offers=offers,
        equipment=terms.equipment(state.post),
        records=terms.records,
        officers=colleagues(visitor, *HOLDERS),
        conditions=Condition,
        refused=refused,
        filled=form.values if form else {},
    )
