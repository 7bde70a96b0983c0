"""Refusals as RFC 9457 problems. One table maps each class of refusals to a status and a problem type.

Refusals know nothing of HTTP. A resource that does not exist and one that the caller may not know of get answers that are
equal byte for byte, so that guessing ids reveals nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from adapters.web.admission.lanes import Stopping
from domain.duty.handover_sheet import SheetTicket, StaleSheet
from domain.kernel import errors as e
from domain.kernel.terms import State

MEDIA_TYPE = "application/problem+json"


class NotJson(e.Refusal):
    """The body is not I-JSON (RFC 7493): UTF-8 without duplicate names or lone surrogates, at most 32 levels deep."""


class TooSlow(e.Refusal):
    """The body did not arrive in time."""


class UnsupportedMedia(e.Refusal):
    """The body has a media type that the operation does not take."""


class TooManyRequests(e.Refusal):
    """Too many requests by one token, or by one address without a valid token."""

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__(f"too many requests; ask again in {retry_after_seconds} s")
        self.retry_after_seconds = retry_after_seconds


class ErrorItem(BaseModel):
    """One thing wrong with the input: ``pointer`` is a JSON pointer into the body, or begins with /query, /path or /header."""

    pointer: str
    message: str


class SinceItem(BaseModel):
    """An event after the version that the caller saw."""

    version: int
    type: str
    by: str
    occurred_at: datetime


class SheetItem(BaseModel):
    """A ticket that differs from its line on the handover sheet. ``…_then`` is the sheet's, ``…_now`` the current.

    For a ticket that is not on the sheet, or no longer unfinished, the fields that do not apply are left out.
    """

    id: UUID
    number: str
    state_then: State | None
    version_then: int | None
    state_now: State | None
    version_now: int | None


class SheetDifference(BaseModel):
    """Changes to the unfinished tickets since the sheet was prepared."""

    added: list[SheetItem]
    gone: list[SheetItem]
    changed: list[SheetItem]


class Problem(BaseModel):
    """A problem (RFC 9457). Members after ``detail`` are present only for the types that have them."""

    model_config = ConfigDict(json_schema_extra={"additionalProperties": False})

    type: str = Field(description="which problem, as a reference below this server, such as /problems/not-found")
    title: str
    status: int
    detail: str
    errors: list[ErrorItem] | None = Field(None, description="of invalid-input")
    state: str | None = Field(None, description="of transition-refused and rule-refused: the ticket's state")
    trigger: str | None = Field(None, description="of transition-refused and rule-refused")
    legal: list[str] | None = Field(None, description="of transition-refused and rule-refused: what is legal now")
    rule: str | None = Field(None, description="of rule-refused, and of not-allowed by a rule about the person: the rule's code")
    clause: str | None = Field(None, description="of a rule: its clause of the regulations")
    difference: SheetDifference | None = Field(None, description="of rule-refused, rule sheet_current: what changed")
    expected: int | None = Field(None, description="of stale-version: the version the caller saw")
    version: int | None = Field(None, description="of stale-version: the newest version")
    since: list[SinceItem] | None = Field(None, description="of stale-version: what happened after the version seen")
    command: str | None = Field(None, description="of not-allowed")
    roles: list[str] | None = Field(None, description="of not-allowed: the caller's roles")
    allowed_to: list[str] | None = Field(None, description="of not-allowed: who may")
    limit: int | None = Field(None, description="of too-large: the limit in bytes")
    request_id: str | None = Field(None, description="of internal: finds the request in the server's log")


@dataclass(frozen=True, slots=True)
class Kind:
    """Status, type and title by which a class of refusals is answered; ``more`` reads further members from a refusal."""

    status: int
    slug: str
    title: str
    more: Callable[[Any], Mapping[str, Any]] = lambda refusal: {}


def _since(refusal: e.StaleVersion) -> Mapping[str, Any]:
    since = [SinceItem(version=v, type=t, by=by, occurred_at=at.astimezone(UTC)) for v, t, by, at in refusal.since]
    return {"expected": refusal.expected, "version": refusal.actual, "since": since}


def _rule(refusal: e.RuleRefused) -> Mapping[str, Any]:
    ticket = {"state": refusal.state, "trigger": refusal.trigger, "legal": list(refusal.legal)} if refusal.trigger else {}
    return {"rule": refusal.rule, "clause": refusal.clause, **ticket}


def _stale_sheet(refusal: StaleSheet) -> Mapping[str, Any]:
    since = refusal.since
    difference = SheetDifference(
        added=[_item(new.id, new.number, None, new) for new in since.added],
        gone=[_item(old.id, old.number, old, None) for old in since.gone],
        changed=[
            SheetItem(
                id=one.id,
                number=one.number,
                state_then=one.state_then,
                version_then=one.version_then,
                state_now=one.state,
                version_now=one.version,
            )
            for one in since.changed
        ],
    )
    return {**_rule(refusal), "difference": difference}


def _item(ticket: UUID, number: str, then: SheetTicket | None, now: SheetTicket | None) -> SheetItem:
    return SheetItem(
        id=ticket,
        number=number,
        state_then=then.state if then else None,
        version_then=then.version if then else None,
        state_now=now.state if now else None,
        version_now=now.version if now else None,
    )


KINDS: Mapping[type[Exception], Kind] = {
    NotJson: Kind(400, "not-json", "正文不是合法的 JSON · The body is not valid JSON"),
    e.Unauthenticated: Kind(401, "unauthenticated", "需要有效的令牌 · A valid token is needed"),
    e.NotAllowed: Kind(
        403,
        "not-allowed",
        "没有权限 · Not allowed",
        lambda r: {
            "command": r.command,
            "roles": list(r.roles),
            "allowed_to": list(r.allowed_to),
            "rule": r.rule or None,
            "clause": r.clause or None,
        },
    ),
    e.NotFound: Kind(404, "not-found", "没有找到 · Not found"),
    TooSlow: Kind(408, "too-slow", "正文传送太慢 · The body came too slowly"),
    e.InProgress: Kind(409, "in-progress", "同一请求正在处理 · This request is already being worked on"),
    e.TransitionRefused: Kind(
        409,
        "transition-refused",
        "当前状态不允许此操作 · Not legal in this state",
        lambda r: {"state": r.state, "trigger": r.trigger, "legal": list(r.legal)},
    ),
    e.RuleRefused: Kind(409, "rule-refused", "规定不允许 · A rule forbids it", _rule),
    StaleSheet: Kind(409, "rule-refused", "移交表已过时 · The handover sheet is stale", _stale_sheet),
    e.Conflict: Kind(409, "conflict", "与现状冲突 · Conflicts with what is there"),
    e.StaleVersion: Kind(412, "stale-version", "已被他人更新 · Someone acted in between", _since),
    e.TooLarge: Kind(413, "too-large", "内容过大 · Too large", lambda r: {"limit": r.limit}),
    UnsupportedMedia: Kind(415, "unsupported-media", "不支持的媒体类型 · Unsupported media type"),
    e.InvalidInput: Kind(
        422,
        "invalid-input",
        "输入有误 · The input is wrong",
        lambda r: {"errors": [ErrorItem(pointer=x.pointer, message=x.message) for x in r.errors]},
    ),
    e.KeyReused: Kind(
        422,
        "invalid-input",
        "输入有误 · The input is wrong",
        lambda r: {"errors": [ErrorItem(pointer="/header/Idempotency-Key", message=str(r))]},
    ),
    TooManyRequests: Kind(429, "too-many-requests", "请求过于频繁 · Too many requests"),
    e.Overloaded: Kind(503, "overloaded", "系统繁忙，请稍后再试 · Overloaded, try again"),
}
"""Class of refusals → status, type and title."""

INTERNAL = Kind(500, "internal", "系统内部错误 · Internal error")
METHOD = Kind(405, "method-not-allowed", "不支持此方法 · Method not allowed")
OTHERS = {404: KINDS[e.NotFound], 405: METHOD, 413: KINDS[e.TooLarge]}


def problem_response(kind: Kind, detail: str, headers: Mapping[str, str] | None = None, **more: Any) -> Response:
    """Make the response of a problem."""
    problem = Problem(type=f"/problems/{kind.slug}", title=kind.title, status=kind.status, detail=detail, **more)
    content = problem.model_dump_json(exclude_none=True).encode()
    return Response(content, kind.status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


def refusal_response(refusal: Exception) -> Response:
    """Make the response to a refusal, by the nearest of its classes that the table has."""
    kind = next(KINDS[known] for known in type(refusal).__mro__ if known in KINDS)
    return problem_response(kind, str(refusal), refusal_headers(refusal), **kind.more(refusal))


def refusal_headers(refusal: Exception) -> dict[str, str]:
    """Headers of the answer to a refusal."""
    match refusal:
        case e.Unauthenticated():
            return {"WWW-Authenticate": "Bearer"}
        case Stopping():  # the connection leads to a process that is about to end
            return {"Retry-After": str(refusal.retry_after_seconds), "Connection": "close"}
        case e.Overloaded() | TooManyRequests():
            return {"Retry-After": str(refusal.retry_after_seconds)}
        case TooSlow() | e.TooLarge():
            return {"Connection": "close"}  # the rest of the body is not read, so the connection can't be used again
    return {}


async def on_refusal(request: Request, error: Exception) -> Response:
    """Handle a refusal (exception handler)."""
    return refusal_response(error)


async def on_http_error(request: Request, error: Exception) -> Response:
    """Handle the router's own errors: no such path, no such method."""
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        return refusal_response(e.NotFound("resource"))
    kind = OTHERS.get(error.status_code) or Kind(error.status_code, "http", HTTPStatus(error.status_code).phrase)
    return problem_response(kind, HTTPStatus(error.status_code).description or kind.title, error.headers)


async def on_invalid_request(request: Request, error: Exception) -> Response:
    """Handle malformed query, path and header parameters."""
    assert isinstance(error, RequestValidationError)
    errors = [e.FieldError("/" + "/".join(str(part) for part in found["loc"]), found["msg"]) for found in error.errors()]
    return refusal_response(e.InvalidInput(errors))


def internal_response(request_id: str) -> Response:
    """Answer an unexpected error. Its cause is only in the log, found by the request id that the caller gets."""
    return problem_response(INTERNAL, "the server failed; nothing is known of the outcome", request_id=request_id)
