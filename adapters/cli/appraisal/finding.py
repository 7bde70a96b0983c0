"""``gongdan finding``: record, decide, contest and read findings (考评事项) in a person's name."""

from json import loads
from typing import Annotated, Any
from uuid import UUID

import typer
from pydantic import ValidationError

from adapters.answers.appraisal.finding import FindingAnswer, finding_answer
from adapters.answers.appraisal.finding_lists import page_of_findings
from adapters.answers.approval.approval import approval_answer
from adapters.answers.documents import Answer
from adapters.cli.terminal.console import Json, answered, emit, run, say, table
from adapters.cli.terminal.opening import open_gongdan
from adapters.cli.terminal.persons import asked, read
from adapters.cli.terminal.reading import As, reader
from domain.approval.waiting import Waiting
from domain.finding import commands as c
from domain.finding.desk import FindingDone
from domain.kernel.errors import FieldError, InvalidInput
from domain.kernel.terms import FindingStatus, WaiveReason
from projections.appraisal.findings import FINDINGS, FindingFilters

finding = typer.Typer(no_args_is_help=True, help="Findings (考评事项): deductions and bonuses by the scorecard.")

Ref = Annotated[UUID, typer.Argument(metavar="FINDING", help="The finding's id.")]
Reason = Annotated[str, typer.Argument(metavar="REASON", help="Why.")]
Area = Annotated[str | None, typer.Option(help="The area where it was found.")]
Quantity = Annotated[int | None, typer.Option(help="How many units.")]
Severity = Annotated[str | None, typer.Option(help="The severity, for items that have several.")]
Party = Annotated[list[str] | None, typer.Option(help="The login of a party directly involved; may be given several times.")]
Fen = Annotated[int | None, typer.Option("--amount-fen", help="The amount in fen (items 23, 24, B5).")]
Points = Annotated[
    str | None, typer.Option(metavar="DIRECTOR/ADMINISTRATOR", help="Points decided by hand (46, B1 to B7), such as 1/0.5.")
]


def _formed(model: type[c.FindingCommand], **fields: Any) -> Any:
    """Validate a command; raises InvalidInput with the fields."""
    given = {name: value for name, value in fields.items() if value is not None}
    if "points" in given:
        director, _, administrator = given["points"].partition("/")
        given["points"] = {"director": director, "administrator": administrator}
    try:
        return model.model_validate(given)
    except ValidationError as error:
        wrong = [FieldError("/" + "/".join(map(str, e["loc"])), e["msg"]) for e in error.errors(include_url=False)]
        raise InvalidInput(wrong) from None


def _act(found: UUID | None, command: c.FindingCommand, login: str | None, json: bool) -> None:
    async def work() -> Answer:
        async with open_gongdan() as gongdan:
            request = await asked(gongdan, login)
            done: FindingDone | Waiting
            if isinstance(command, c.RecordFinding):
                done = await gongdan.findings.record(command, request)
            else:
                assert found is not None
                done = await gongdan.findings.act(found, command, request)
            if isinstance(done, Waiting):
                return approval_answer(done.case, done.recorded_at)
            return finding_answer(await gongdan.finding_records.after_command(request.login, done.state))

    answer = run(work())
    if json:
        emit(answered(answer))
    elif isinstance(answer, FindingAnswer):
        say(f"{answer.id} {answer.status.value}, item {answer.item}, on the tally of {answer.month}")
    else:
        say(f"waits for a second person: approval {answered(answer)['id']}")


@finding.command("record")
def record(
    community: Annotated[str, typer.Argument(metavar="COMMUNITY", help="The community's code.")],
    item: Annotated[str, typer.Argument(metavar="ITEM", help="The item of the scorecard, such as 17 or B7.")],
    date: Annotated[str, typer.Argument(metavar="DATE", help="When it happened, such as 2026-03-04.")],
    area: Area = None,
    quantity: Quantity = None,
    severity: Severity = None,
    party: Party = None,
    doubled: Annotated[bool, typer.Option("--doubled", help="A company inspection's deadline was missed (item 45).")] = False,
    overdue_days: Annotated[int | None, typer.Option(help="Full days overdue (item 13).")] = None,
    amount_fen: Fen = None,
    points: Points = None,
    ticket: Annotated[
        list[str] | None, typer.Option(help="A ticket as evidence, by id or number; may be given several times.")
    ] = None,
    shift: Annotated[list[str] | None, typer.Option(help="A shift as evidence; may be given several times.")] = None,
    attachment: Annotated[
        list[str] | None, typer.Option(help="An attachment of such a ticket; may be given several times.")
    ] = None,
    note: Annotated[str | None, typer.Option(help="What was seen.")] = None,
    login: As = None,
    json: Json = False,
) -> None:
    """Record a finding (记录); it counts once another person confirms it."""
    said = {
        "community": community, "item": item, "date": date, "area": area, "quantity": quantity, "severity": severity,
        "parties": party or None, "doubled": doubled, "overdue_days": overdue_days, "amount_fen": amount_fen, "points": points,
        "tickets": ticket or None, "shifts": shift or None, "attachments": attachment or None, "note": note,
    }  # fmt: skip
    _act(None, _formed(c.RecordFinding, **said), login, json)


@finding.command("confirm")
def confirm(
    ref: Ref,
    party: Party = None,
    severity: Severity = None,
    quantity: Quantity = None,
    amount_fen: Fen = None,
    points: Points = None,
    login: As = None,
    json: Json = False,
) -> None:
    """Confirm that a finding counts (确认), with details not known before; a bonus takes two people."""
    said = {"severity": severity, "quantity": quantity, "amount_fen": amount_fen, "points": points, "parties": party or None}
    _act(ref, _formed(c.ConfirmFinding, **said), login, json)


@finding.command("waive")
def waive(
    ref: Ref,
    reason: Annotated[WaiveReason, typer.Argument(help="Why it does not count.")],
    note: Annotated[str | None, typer.Option(help="Explanation; required for the reason other.")] = None,
    login: As = None,
    json: Json = False,
) -> None:
    """Decide that a finding does not count (不予扣分)."""
    _act(ref, _formed(c.WaiveFinding, reason=reason, note=note), login, json)


@finding.command("contest")
def contest(ref: Ref, reason: Reason, login: As = None, json: Json = False) -> None:
    """Contest a confirmed finding about oneself (申诉)."""
    _act(ref, _formed(c.ContestFinding, reason=reason), login, json)


@finding.command("uphold")
def uphold(ref: Ref, reason: Reason, login: As = None, json: Json = False) -> None:
    """Uphold a contested finding (维持); takes two people."""
    _act(ref, _formed(c.UpholdFinding, reason=reason), login, json)


@finding.command("revoke")
def revoke(ref: Ref, reason: Reason, login: As = None, json: Json = False) -> None:
    """Revoke a contested finding, which then no longer counts (撤销); takes two people."""
    _act(ref, _formed(c.RevokeFinding, reason=reason), login, json)


@finding.command("list")
def list_findings(
    login: As = None,
    community: Annotated[str | None, typer.Option(help="Only of this community.")] = None,
    status: Annotated[FindingStatus | None, typer.Option(help="Only with this status.")] = None,
    item: Annotated[str | None, typer.Option(help="Only of this item.")] = None,
    month: Annotated[str | None, typer.Option(help="Only on the tally of this month, such as 2026-03.")] = None,
    party: Annotated[str | None, typer.Option(help="Only naming this party.")] = None,
    json: Json = False,
) -> None:
    """List the findings that a person may read, the latest first."""
    filters = FindingFilters(community, status, item, month, party)

    found = read(login, (FINDINGS.name,), lambda g, c, at: page_of_findings(g, c, filters, at, 200), "items")
    if json:
        emit(found)
        return
    heads = ("id", "状态", "项目", "日期", "责任区", "当事人", "次数", "考评月份", "事由")
    rows = [
        (f["id"], f["status"], f["item"], f["date"], f["area"], " ".join(f["parties"]), f["quantity"], f["month"], f["cause"])
        for f in found["items"]
    ]
    table(heads, rows)


@finding.command("show")
def show(ref: Ref, login: As = None, json: Json = False) -> None:
    """Show a finding with its evidence and texts. Opening the texts is recorded in the access log."""

    async def work() -> FindingAnswer:
        async with open_gongdan() as gongdan:
            return finding_answer(await gongdan.finding_records.finding(await reader(gongdan, login), ref))

    found = loads(run(work()).json_bytes())
    if json:
        emit(found)
        return
    for name, value in found.items():
        if value not in (None, [], ""):
            say(f"{name}: {' '.join(map(str, value)) if isinstance(value, list) else value}")
