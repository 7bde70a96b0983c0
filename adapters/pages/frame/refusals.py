"""Refusals as pages in the visitor's language: what was refused, why, and what would be legal.

Status and title come from the table of problems, which the API uses too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import quote, urlsplit

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from adapters.labels.command_words import APPROVE, COMMAND_WORDS, OTHERWISE, code_words
from adapters.labels.field_words import field_words, message_words
from adapters.labels.rule_words import rule_words
from adapters.labels.vocabulary import member
from adapters.pages.frame.forms import CrossSite
from adapters.pages.frame.visitor import Guest, Visitor, go, known, local
from adapters.web.admission.lanes import Unanswered
from adapters.web.problems import INTERNAL, KINDS, METHOD, Kind, TooManyRequests, TooSlow, refusal_headers
from domain.kernel import errors as e
from domain.kernel.terms import ApprovalState, FindingStatus, Role, ShiftStatus, ShiftTrigger, Trigger
from domain.people.authority import CELLS, Mode, Need

FOREIGN = Kind(403, "cross-site", "表单不是从本页面提交的 · The form did not come from our own page")


WRITING = (e.InvalidInput, e.NotAllowed, e.Conflict, e.StaleVersion)
"""Refusals of a form's command that are explained above the form, which keeps its values."""
STEPPING = (*WRITING, e.TransitionRefused, e.RuleRefused)
"""Refusals explained above a form whose command is a step of a lifecycle."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """A refusal in words, and what would be legal instead."""

    status: int
    title: str
    said: Sequence[str]
    legal: Sequence[str] = ()


PAGE_KINDS = {**KINDS, CrossSite: FOREIGN}


def kind_of(error: Exception) -> Kind:
    """Find status and title of a refusal in the table."""
    return next(PAGE_KINDS[known] for known in type(error).__mro__ if known in PAGE_KINDS)


def explained(error: Exception, visitor: Guest) -> Explanation:
    """Explain a refusal in the visitor's language."""
    kind = kind_of(error)
    chinese, _, english = kind.title.partition(" · ")
    said, legal = _said(error, visitor)
    return Explanation(kind.status, english if visitor.language == "en" else chinese, said, legal)


def _said(error: Exception, visitor: Guest) -> tuple[list[str], list[str]]:
    match error:
        case e.InvalidInput():
            return _wrong_fields(error, visitor), []
        case e.TransitionRefused():
            words = {"state": _word(error.state, visitor), "trigger": _word(error.trigger, visitor)}
            if member(ShiftStatus, error.state):
                said = visitor.say("{state}的班次不能{trigger}。", **words)
            elif member(FindingStatus, error.state):
                said = visitor.say("{state}的考评事项不能{trigger}。", **words)
            else:
                said = visitor.say("{state}的工单不能{trigger}。", **words)
            return [said], [_word(name, visitor) for name in error.legal]
        case e.RuleRefused():
            reason = rule_words(error.rule, error.detail, visitor.language)
            trigger, reason = _word(error.trigger, visitor), rule_words(error.rule, error.detail, visitor.language)
            refused = visitor.say("不能{trigger}：{reason}（{clause}）", trigger=trigger, reason=reason, clause=error.clause)
            return [refused], [_word(name, visitor) for name in error.legal]
        case e.NotAllowed():
            return [*_not_allowed(error, visitor)], []
        case e.StaleVersion():
            return [visitor.say("您打开之后，此单已有新的进展。请看过再做决定。")], []
        case e.Conflict(data={"signed_out": who}):
            return [visitor.say("{who}已经签名。", who=_person(who, visitor))], []
        case e.Conflict(data={"officer": who}):
            return [visitor.say("{who}正在当值。", who=_person(who, visitor))], []
        case e.Conflict(data={"status": status}) if member(ApprovalState, status):
            return [visitor.say("这一请求{status}。", status=visitor.label(ApprovalState(status)))], []
        case e.Conflict(data={"hash": _}):
            return [visitor.say("移交表已重新填写，您看到的不是最新一张。请看过再签。")], []
        case e.Conflict():
            return [visitor.say("它已经存在，或者已不是您看到的样子。请重新打开页面。")], []
        case e.NotFound():
            return [visitor.say("没有这个页面或这条记录，或者它不属于您工作的小区。")], []
        case e.TooLarge():
            return [visitor.say("最多可传 {mib} MiB。", mib=f"{error.limit / 2**20:g}")], []
        case e.KeyReused():
            return [visitor.say("这张表单已经提交过，内容与现在不同。请重新打开页面再填。")], []
        case TooManyRequests():
            return [visitor.say("请过 {seconds} 秒再试。", seconds=error.retry_after_seconds)], []
        case Unanswered():
            return [visitor.say("没有及时办完，结果不明。请先看看是否已经办成，再决定要不要重做。")], []
        case e.Overloaded():
            return [visitor.say("现在忙不过来，没有写入任何内容。请稍后再试一次。")], []
        case TooSlow():
            return [visitor.say("内容没有在规定时间内传完，没有写入任何内容。")], []
        case CrossSite():
            return [visitor.say("页面打开得太久，或者表单来自别处。请重新打开页面再提交；没有写入任何内容。")], []
    return [visitor.say("请求无法办理，没有写入任何内容。")], []


def _wrong_fields(error: e.InvalidInput, visitor: Guest) -> list[str]:
    found = []
    for one in error.errors:
        name, message = field_words(one.pointer, visitor.language), message_words(one.message, visitor.language)
        found.append(visitor.say("{field}：{message}", field=name, message=message) if name else message)
    return list(dict.fromkeys(found))


def _not_allowed(refusal: e.NotAllowed, visitor: Guest) -> list[str]:
    have = visitor.words.many(
        [visitor.label(role) for role in (member(Role, name) for name in refusal.roles) if role is not None]
    )
    said = [
        visitor.say("{roles}不能{command}。", roles=have, command=_word(refusal.command, visitor))
        if have
        else visitor.say("您在这里没有岗位，不能{command}。", command=_word(refusal.command, visitor))
    ]
    if list(refusal.allowed_to) == [Trigger.NOTE.value]:
        return [visitor.say("此单投诉的是您本人，您只能加备注。")]
    if refusal.rule:
        said = [visitor.say("{why}。", why=rule_words(refusal.rule, refusal.detail, visitor.language))]
    elif refusal.detail:
        said = [visitor.say("{why}。", why=message_words(refusal.detail, visitor.language))]
    may = [named for text in refusal.allowed_to if (named := _who(text, refusal.command, visitor))]
    if may:
        said.append(visitor.say("可以的有：{roles}。", roles=visitor.words.many(may)))
    return said


def _who(text: str, command: str, visitor: Guest) -> str:
    """Translate a role and a cell of the authority table, such as ``technician (o)``; empty for an unknown role."""
    name, _, cell = text.partition(" (")
    role = member(Role, name)
    if role is None:
        return ""
    given = CELLS.get(cell.removesuffix(")"), ())
    limits = dict.fromkeys(_need(need, command, visitor) for one in given for need in sorted(one.needs))
    if any(one.mode is Mode.SECOND for one in given):
        limits[visitor.say("须第二人审批")] = None
    return visitor.label(role) + (visitor.say("（{limits}）", limits=visitor.words.many(list(limits))) if limits else "")


def _need(need: Need, command: str, visitor: Guest) -> str:
    return {
        Need.OWN: visitor.say("本人的班次") if member(ShiftTrigger, command) else visitor.say("本人的工单"),
        Need.OWN_AREA: visitor.say("本人责任区"),
        Need.ON_DUTY: visitor.say("当值时"),
        Need.NIGHT: visitor.say("夜间"),
        Need.TO_SELF_OR_SECURITY: visitor.say("派给自己或安护"),
        Need.EMERGENCY: visitor.say("应急事项"),
        Need.STANDS_IN: visitor.say("代值时"),
        Need.FOR_COMPANY: visitor.say("巡检或公司转来"),
        Need.FOR_RESIDENTS: visitor.say("住户评议"),
        Need.EVALUATES_SELF: visitor.say("自评"),
        Need.EVALUATES_PEER: visitor.say("互评"),
        Need.EVALUATES_BELOW: visitor.say("评下级"),
        Need.LINK: visitor.say("仅关联"),
        Need.ABOUT_SELF: visitor.say("本人的"),
        Need.ABOUT_STAFF: visitor.say("员工的"),
        Need.CLOSED: visitor.say("已月结的"),
    }[need]


def _person(login: str, visitor: Guest) -> str:
    return visitor.person(login) if isinstance(visitor, Visitor) else login


def _word(code: str, visitor: Guest) -> str:
    """Translate a state, trigger or command as refusals name it."""
    name = code.removeprefix(APPROVE)
    said = code_words(name, visitor.language) or visitor.say(COMMAND_WORDS.get(name, OTHERWISE))
    return visitor.say("审批{what}", what=said) if name != code else said


async def on_refusal(request: Request, error: Exception) -> Response:
    """Answer a refusal by a page. A visitor without a session is sent to sign in, and back to this page afterwards."""
    if isinstance(error, e.Unauthenticated):
        return _to_sign_in(request)
    visitor = await known(request)
    found = explained(error, visitor)
    answer = visitor.page("frame/refused.html", found.status, refused=found, back=_back(request))
    if isinstance(error, e.Overloaded | TooManyRequests):
        answer.headers.update(refusal_headers(error))
    return answer


async def on_overload(request: Request, error: Exception) -> Response:
    """Answer a request that was not admitted, without asking the store who sent it."""
    assert isinstance(error, e.Overloaded)
    visitor = Guest(request)
    answer = visitor.page("frame/refused.html", 503, refused=explained(error, visitor), back=_back(request))
    answer.headers.update(refusal_headers(error))
    return answer


async def on_http_error(request: Request, error: Exception) -> Response:
    """Answer the router's own errors: no such path, no such method."""
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        return await on_refusal(request, e.NotFound("page"))
    visitor = await known(request)
    kind = METHOD if error.status_code == 405 else Kind(error.status_code, "http", HTTPStatus(error.status_code).phrase)
    chinese, _, english = kind.title.partition(" · ")
    title = english if english and visitor.language == "en" else chinese
    return visitor.page("frame/refused.html", kind.status, refused=Explanation(kind.status, title, ()), back="/")


async def on_invalid_request(request: Request, error: Exception) -> Response:
    """Answer malformed query and path parameters."""
    assert isinstance(error, RequestValidationError)
    errors = [e.FieldError("/" + "/".join(str(part) for part in found["loc"]), found["msg"]) for found in error.errors()]
    return await on_refusal(request, e.InvalidInput(errors))


def failed(request: Request, request_id: str) -> Response:
    """Answer an unexpected error. The outcome is unknown; the number shown finds the request in the log."""
    visitor = Guest(request)
    chinese, _, english = INTERNAL.title.partition(" · ")
    said = visitor.say("出了意外，结果不明。请记下编号 {number} 报给系统管理员。", number=request_id)
    title = english if visitor.language == "en" else chinese
    return visitor.page("frame/refused.html", 500, refused=Explanation(500, title, [said]), back="/")


def _to_sign_in(request: Request) -> Response:
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    address = "/sign-in" if request.method != "GET" or wanted == "/" else f"/sign-in?next={quote(wanted, safe='')}"
    if request.headers.get("hx-request"):
        return Response(status_code=401, headers={"HX-Redirect": "/sign-in"})
    return go(address)


def _back(request: Request) -> str:
    """Address of the page with the form, to go back to."""
    return "/" if request.method == "GET" else local(urlsplit(request.headers.get("referer", "")).path)
