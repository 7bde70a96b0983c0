"""What-if page (假设): the tally as it would be with one more finding. The address holds the question; nothing is written."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter
from starlette.responses import Response

from adapters.answers.appraisal.reading import appraisal_answer, period_of
from adapters.answers.appraisal.tally import AppraisalAnswer, TallyPerson
from adapters.pages.appraisal.finding_forms import facts, items, read
from adapters.pages.frame.forms import Form, filled
from adapters.pages.frame.refusals import explained
from adapters.pages.frame.visitor import TheVisitor, Visitor
from domain.kernel.errors import InvalidInput, NotFound
from domain.kernel.periods import Month, Period
from domain.people.authority import Right, denied
from domain.rules.scorecard import Flag, Item
from domain.tally.calculation_file import Supposition, supposed

router = APIRouter(include_in_schema=False)

SUPPOSED = "supposed"
"""Id of the supposed finding."""


@dataclass(frozen=True, slots=True)
class TallyDifference:
    """A person whose tally the supposed finding would change."""

    before: TallyPerson
    after: TallyPerson
    points: str
    new_flags: Sequence[Flag]


@router.get("/appraisal/what-if")
async def what_if(visitor: TheVisitor, item: str = "", show: str = "") -> Response:
    """Show the choice of an item, then its form, then whose tally would change and how."""
    community = visitor.community
    if community is None:
        raise NotFound("community")
    if not visitor.might(Right.READ_TALLIES):
        raise denied(Right.READ_TALLIES, "read_tallies", visitor.roles)
    law = visitor.directory.law_of(community)
    today = visitor.directory.day(community, visitor.now)
    asked = _asked(visitor)
    book = law.of(_month(asked) or Month.of(today))
    chosen = book.items.get(item)
    refused, differences, period, before = None, None, None, None
    if chosen is not None and show:
        try:
            before, after, period = await _answers(visitor, community, asked, chosen)
            differences = _differences(before, after)
        except InvalidInput as refusal:
            refused = explained(refusal, visitor)
    return visitor.page(
        "appraisal/what_if.html",
        refused.status if refused else 200,
        item=chosen,
        items=items(book),
        fields=facts(chosen) if chosen else (),
        values={"date": today.isoformat(), **asked.values},
        chosen=asked.fields,
        refused=refused,
        differences=differences,
        period=period,
        words_of={flag: getattr(book.dismissal, flag.value) for flag in Flag},
        book=book,
        share=lambda text: f"{float(text) * 100:g}%" if text is not None else "—",
    )


def _asked(visitor: Visitor) -> Form:
    """Read the address's query as a form."""
    fields: dict[str, list[str]] = {}
    for name, value in visitor.request.query_params.multi_items():
        if value.strip():
            fields.setdefault(name, []).append(value.strip())
    return Form(fields, visitor.request.url.path)


def _month(asked: Form) -> Month | None:
    try:
        return Period.parse(asked.get("date")[:7]).last
    except ValueError:
        return None


async def _answers(visitor: Visitor, community: str, asked: Form, item: Item) -> tuple[AppraisalAnswer, AppraisalAnswer, Period]:
    """Compute the tally without and with the finding, of the month in which it would be charged."""
    said = read(facts(item), asked, visitor)
    findings = supposed(
        filled(Supposition, {"findings": [{"id": SUPPOSED, "item": item.code, **said}]}), visitor.directory.law_of(community)
    )
    [finding] = findings
    charged = (await visitor.gongdan.finding_records.book(community)).booked_in(Month(*finding.month)) or Month(*finding.month)
    period = period_of(str(charged))
    gongdan, directory, login = visitor.gongdan, visitor.directory, visitor.login
    before = await appraisal_answer(gongdan, directory, login, community, period)
    after = await appraisal_answer(gongdan, directory, login, community, period, explained=True, supposed=findings)
    return before, after, period


def _differences(before: AppraisalAnswer, after: AppraisalAnswer) -> list[TallyDifference]:
    """List the people whose tally would change."""
    known = {person.login: person for person in before.people}
    found = []
    for person in after.people:
        was = known.get(person.login)
        if was is None or (was.total, was.flags, was.notices, was.pay_share, was.lines) == (
            person.total, person.flags, person.notices, person.pay_share, _plain(person)
        ):  # fmt: skip
            continue
        charged = [
            charge["points"] for line in person.lines for charge in line.charges or () if charge.get("finding") == SUPPOSED
        ]
        new = [flag for flag in person.flags if flag not in was.flags]
        found.append(TallyDifference(was, person, charged[0] if charged else "0", new))
    return found


def _plain(person: TallyPerson) -> list[object]:
    return [line.model_copy(update={"clause": None, "charges": None}) for line in person.lines]
