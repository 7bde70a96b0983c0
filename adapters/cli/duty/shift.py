"""``gongdan shift``: open, keep, hand over and review shifts (班次) in a person's name."""

from collections.abc import Callable
from hashlib import sha256
from typing import Annotated, Any, TypeVar
from uuid import UUID

import typer
from pydantic import BaseModel, ValidationError

from adapters.answers.duty.documents import HandoverAnswer, ShiftAnswer, handover_answer, shift_answer
from adapters.cli.terminal.console import Failed, Json, answered, emit, run, say, table
from adapters.cli.terminal.opening import open_gongdan
from adapters.cli.terminal.persons import asked
from adapters.cli.terminal.reading import As, moment, reader
from adapters.composition import Gongdan
from adapters.web.bodies.duty import SHIFT_COMMANDS, OpenShift
from domain.duty.duty_desk import ShiftDone
from domain.kernel.errors import FieldError, InvalidInput, invalid
from domain.kernel.terms import Condition, ShiftTrigger

shift = typer.Typer(no_args_is_help=True, help="Shifts (班次): the desk, its log, the handover with two signatures.")

Community = Annotated[str, typer.Argument(metavar="COMMUNITY", help="The community's code.")]
Ref = Annotated[str, typer.Argument(metavar="SHIFT", help="The shift's id, or a community's code for its present shift.")]
Seen = Annotated[
    str | None, typer.Option("--hash", help="The hash of the sheet that was read; a sheet with another hash is refused.")
]
Arrived = Annotated[str | None, typer.Option("--arrived-at", metavar="MOMENT", help="When the officer arrived; default: now.")]
Reason = Annotated[str, typer.Argument(metavar="REASON", help="Why.")]

B = TypeVar("B", bound=BaseModel)


def formed(model: type[B], **fields: Any) -> B:
    """Validate the body of a command; raises InvalidInput with the fields."""
    try:
        return model(**{name: value for name, value in fields.items() if value is not None})
    except ValidationError as error:
        wrong = [FieldError("/" + "/".join(map(str, e["loc"])), e["msg"]) for e in error.errors(include_url=False)]
        raise InvalidInput(wrong) from None


async def _shift(gongdan: Gongdan, ref: str, login: str) -> UUID:
    try:
        return UUID(ref)
    except ValueError:
        return (await gongdan.duty_records.current(login, ref)).state.id


def _print(found: ShiftAnswer, json: bool) -> None:
    if json:
        emit(answered(found))
    else:
        say(f"{found.id} {found.state.value}, {found.officer} answers" + (f", {found.answerable} now" if _other(found) else ""))
        if found.next_shift is not None:
            say(f"next shift: {found.next_shift}")
        if found.sheets:
            sheet = found.sheets[-1]
            say(f"sheet {sheet.number} {sheet.status} {sheet.hash}")


def _other(found: ShiftAnswer) -> bool:
    return found.answerable != found.officer


def _act(trigger: ShiftTrigger, ref: str, login: str | None, json: bool, make: Callable[[type[Any]], Any]) -> None:
    """Carry out a command on a shift, with the API's body and use case."""
    model, operate = SHIFT_COMMANDS[trigger]

    async def work() -> ShiftAnswer:
        async with open_gongdan() as gongdan:
            body = make(model)
            request = await asked(gongdan, login, body)
            done = await operate(gongdan.duty, await _shift(gongdan, ref, request.login), request, body)
            return await _answer(gongdan, request.login, done)

    _print(run(work()), json)


async def _answer(gongdan: Gongdan, login: str, done: ShiftDone) -> ShiftAnswer:
    return shift_answer(await gongdan.duty_records.after_command(login, done.state))


@shift.command("open")
def open_shift(community: Community, login: As = None, json: Json = False) -> None:
    """Open a shift (上岗) while nobody holds the desk."""

    async def work() -> ShiftAnswer:
        async with open_gongdan() as gongdan:
            body = formed(OpenShift, community=community)
            request = await asked(gongdan, login, body)
            return await _answer(gongdan, request.login, await gongdan.duty.open(community, request))

    _print(run(work()), json)


@shift.command("extend")
def extend(ref: Ref, login: As = None, json: Json = False) -> None:
    """Extend a shift into the next period (连班), without a handover sheet."""
    _act(ShiftTrigger.EXTEND, ref, login, json, lambda model: formed(model))


@shift.command("log")
def log(
    ref: Ref,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The line.")],
    ticket: Annotated[str | None, typer.Option(help="The ticket that it concerns, by id or number.")] = None,
    at: Annotated[str | None, typer.Option("--at", metavar="MOMENT", help="When it happened; default: now.")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Drafted offline by the officer on duty.")] = False,
    login: As = None,
    json: Json = False,
) -> None:
    """Write a line of the work journal (工作日志), or by night of the night log (夜间值班记录表)."""
    said = {"text": text, "ticket": ticket, "occurred_at": moment(at, "--at"), "offline": offline}
    _act(ShiftTrigger.LOG, ref, login, json, lambda model: formed(model, **said))


@shift.command("substitute")
def substitute(
    ref: Ref,
    stand_in: Annotated[str | None, typer.Argument(metavar="[LOGIN]", help="The stand-in; may be left out.")] = None,
    named: Annotated[str | None, typer.Option(help="The stand-in's post or name, without a login.")] = None,
    login: As = None,
    json: Json = False,
) -> None:
    """Leave for an emergency (代值); it is recorded at once, and the stand-in confirms afterwards."""
    _act(ShiftTrigger.SUBSTITUTE, ref, login, json, lambda model: formed(model, stand_in=stand_in, named=named))


@shift.command("confirm-stand-in")
def confirm_stand_in(ref: Ref, login: As = None, json: Json = False) -> None:
    """Confirm standing in for the officer (确认代值)."""
    _act(ShiftTrigger.CONFIRM_STAND_IN, ref, login, json, lambda model: formed(model))


@shift.command("return-to-post")
def return_to_post(ref: Ref, login: As = None, json: Json = False) -> None:
    """Record that the officer is back (返岗)."""
    _act(ShiftTrigger.RETURN_TO_POST, ref, login, json, lambda model: formed(model))


@shift.command("switch-phone")
def switch_phone(
    ref: Ref,
    to: Annotated[
        str | None, typer.Option("--to", metavar="LOGIN", help="The person who answers; default: back to the desk.")
    ] = None,
    login: As = None,
    json: Json = False,
) -> None:
    """Switch the phone (电话切换) to somebody in the control room, or back to the desk."""
    _act(ShiftTrigger.SWITCH_PHONE, ref, login, json, lambda model: formed(model, answered_by=to))


@shift.command("arrive")
def arrive(
    ref: Ref,
    officer: Annotated[str | None, typer.Option(metavar="LOGIN", help="Who arrived; default: oneself.")] = None,
    arrived_at: Arrived = None,
    login: As = None,
    json: Json = False,
) -> None:
    """Sign in on arrival (到岗签到); the outgoing officer may enter another's, and an earlier moment."""
    came = moment(arrived_at, "--arrived-at")
    _act(ShiftTrigger.ARRIVE, ref, login, json, lambda model: formed(model, officer=officer, arrived_at=came))


@shift.command("prepare-handover")
def prepare_handover(
    ref: Ref,
    equipment: Annotated[
        list[str] | None, typer.Option(metavar="ITEM=CONDITION", help="A thing's condition; may be given several times.")
    ] = None,
    rest_good: Annotated[bool, typer.Option("--rest-good", help="Everything else was checked and is good.")] = False,
    record: Annotated[list[str] | None, typer.Option(help="A record handed over; may be given several times.")] = None,
    remarks: Annotated[str | None, typer.Option(help="Further information for the next officer.")] = None,
    login: As = None,
    json: Json = False,
) -> None:
    """Prepare the handover sheet (工作移交表), with the unfinished tickets from the log."""
    items = [_condition(one) for one in equipment or []]
    said = {"equipment": items, "rest_good": rest_good, "records": record or [], "remarks": remarks}
    _act(ShiftTrigger.PREPARE_HANDOVER, ref, login, json, lambda model: formed(model, **said))


def _condition(text: str) -> dict[str, str]:
    item, _, condition = text.partition("=")
    try:
        return {"item": item, "condition": Condition(condition)}
    except ValueError:
        raise invalid("--equipment", f"such as telephone=good; conditions: {', '.join(Condition)}") from None


@shift.command("sign-out")
def sign_out(ref: Ref, seen: Seen = None, login: As = None, json: Json = False) -> None:
    """Sign as the outgoing officer (交班签名)."""
    _act(ShiftTrigger.SIGN_OUT, ref, login, json, lambda model: formed(model, hash=seen))


@shift.command("sign-in")
def sign_in(ref: Ref, seen: Seen = None, login: As = None, json: Json = False) -> None:
    """Sign as the incoming officer (接班签名); this also opens the next shift, in one commit."""
    _act(ShiftTrigger.SIGN_IN, ref, login, json, lambda model: formed(model, hash=seen))


@shift.command("dispute")
def dispute(ref: Ref, reason: Reason, seen: Seen = None, login: As = None, json: Json = False) -> None:
    """Dispute the sheet (移交异议) as the incoming officer."""
    _act(ShiftTrigger.DISPUTE, ref, login, json, lambda model: formed(model, reason=reason, hash=seen))


@shift.command("take-over")
def take_over(ref: Ref, reason: Reason, login: As = None, json: Json = False) -> None:
    """End a shift without its officer (主管接管), as a supervisor or director."""
    _act(ShiftTrigger.TAKE_OVER, ref, login, json, lambda model: formed(model, reason=reason))


@shift.command("review")
def review(
    ref: Ref,
    read_upto: Annotated[int | None, typer.Option(min=0, help="The log position read up to; default: its end.")] = None,
    remarks: Annotated[str | None, typer.Option(help="The supervisor's remarks.")] = None,
    urge: Annotated[
        list[str] | None, typer.Option(metavar="TICKET", help="A ticket to urge; may be given several times.")
    ] = None,
    message: Annotated[str | None, typer.Option(help="The message with the urging.")] = None,
    login: As = None,
    json: Json = False,
) -> None:
    """Record the review of a shift (主管查阅), and urge tickets with it."""
    said = {"read_upto": read_upto, "remarks": remarks, "urge": urge or [], "message": message}
    _act(ShiftTrigger.REVIEW, ref, login, json, lambda model: formed(model, **said))


@shift.command("show")
def show(ref: Ref, login: As = None, json: Json = False) -> None:
    """Show a shift with its log. Opening its texts is recorded in the access log."""

    async def work() -> ShiftAnswer:
        async with open_gongdan() as gongdan:
            who = await reader(gongdan, login)
            return shift_answer(await gongdan.duty_records.shift(who, await _shift(gongdan, ref, who)))

    found = run(work())
    if json:
        emit(answered(found))
        return
    _print(found, False)
    said = [(line.at, line.by, line.log.value, line.text, line.ticket) for line in found.lines]
    table(("at", "by", "log", "text", "ticket"), said)


@shift.command("handover")
def handover(
    ref: Ref,
    sheet: Annotated[int | None, typer.Option(min=1, help="The number of the shift's sheet; default: the last.")] = None,
    login: As = None,
    json: Json = False,
) -> None:
    """Show a handover sheet (工作移交表); its hash is derived from the log and compared with the signatures."""

    async def work() -> HandoverAnswer:
        async with open_gongdan() as gongdan:
            who = await reader(gongdan, login)
            reading, found = await gongdan.duty_records.handover(who, await _shift(gongdan, ref, who), sheet)
            return handover_answer(reading, found)

    found = run(work())
    derived = sha256(found.canonical.encode()).hexdigest()
    signed = [sign for sign in (found.signed_out, found.signed_in) if sign is not None]
    if any(sign.hash != derived for sign in signed):
        raise Failed(f"sheet {found.number} of {found.shift}: the log gives the hash {derived}, another one was signed")
    if json:
        emit(answered(found))
        return
    say(f"{found.shift}, sheet {found.number}, read at position {found.position}: {found.status}")
    tickets = [
        (one["number"], one["kind"], one["state"], one["version"], one["deferred_until"]) for one in found.document["tickets"]
    ]
    table(("ticket", "kind", "state", "version", "deferred until"), tickets)
    table(("equipment", "condition"), [(one["item"], one["condition"]) for one in found.document["equipment"]])
    say(f"records: {', '.join(found.document['records']) or 'none'}")
    if found.remarks is not None:
        say(f"remarks: {found.remarks}")
    for sign in signed:
        say(f"signed by {sign.by} at {sign.at.isoformat()} over {sign.hash}")
    say(f"SHA-256 derived again from the log: {derived}" + (", as signed" if signed else ""))
