"""Requests that write: idempotency key, expected version, body; and answers with version and position."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol, TypeVar

from pydantic import BaseModel
from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from adapters.answers.approval.approval import approval_answer
from adapters.answers.caller import Caller
from adapters.answers.documents import Answer
from adapters.answers.ticket.ticket import ticket_answer
from adapters.web.authentication import authenticate, well_formed_key
from adapters.web.context import Api, api_of
from adapters.web.receiving import receive_json, validated
from adapters.web.routing import PREFIX
from domain.approval.waiting import Waiting
from domain.kernel.errors import KeyReused, invalid
from domain.kernel.ports import CommandKey, CommandRecord
from domain.kernel.request import Request
from domain.people.administration import Administrator
from domain.service_desk.outcome import Done

M = TypeVar("M", bound=BaseModel)

_VERSION = re.compile(r'"([0-9]{1,15})"')


@dataclass(frozen=True, slots=True)
class Writing:
    """A command being carried out: its caller, idempotency key, and the version that the caller expects.

    ``minimal``: the caller prefers an answer without the document (RFC 7240).
    """

    api: Api
    caller: Caller
    path: str
    key: CommandKey | None
    if_match: int | None
    minimal: bool = False

    def request(self, body: BaseModel | None = None) -> Request:
        """Make the domain's request; ``occurred_at`` and ``offline`` come from the body where it has them."""
        return Request(
            self.caller.login,
            self.api.gongdan.ids.new(),
            getattr(body, "occurred_at", None),
            getattr(body, "offline", False),
            self.if_match,
            self.key,
            self.caller.registry_version,
        )

    def administrator(self) -> Administrator:
        """Make the domain's request of a command on the registry."""
        return Administrator(self.caller.login, self.api.gongdan.ids.new(), key=self.key, if_match=self.if_match)

    async def repeated(self) -> CommandRecord | None:
        """Find the record of an earlier request with this key; raises KeyReused where that was another request."""
        if self.key is None:
            return None
        record = await self.api.gongdan.store.find_command(self.key.caller, self.key.key)
        if record is not None and record.body_hash != self.key.body_hash:
            raise KeyReused(record.key)
        return record


@asynccontextmanager
async def writing(request: HttpRequest, raw: bytes, caller: Caller) -> AsyncIterator[Writing]:
    """Read a command's headers; requests with one idempotency key run one at a time.

    The key is bound to a keyed hash of method, path and the bytes ``raw``, so that it can't be used for another request.
    """
    api = api_of(request)
    key = idempotency_key(request)
    async with api.alone(caller.login, key):
        command = None
        if key is not None:
            asked = f"{request.method} {request.url.path}\0".encode() + raw
            body_hash = await api.gongdan.sealer.body_hash(asked)
            command = CommandKey(caller.login, key, body_hash, caller.key == key, caller.earlier)
        yield Writing(api, caller, request.url.path, command, if_match(request), prefers_minimal(request))


@asynccontextmanager
async def command(request: HttpRequest, model: type[M]) -> AsyncIterator[tuple[Writing, M]]:
    """Authenticate, receive and validate a JSON command."""
    caller = await authenticate(request)
    settings = api_of(request).gongdan.settings
    raw = await receive_json(request, settings.body_limit, settings.body_seconds)
    body = validated(model, raw)
    async with writing(request, raw, caller) as write:
        yield write, body


def idempotency_key(request: HttpRequest) -> str | None:
    """Read ``Idempotency-Key``; raises InvalidInput unless it has 1 to 200 visible ASCII characters."""
    key = well_formed_key(request)
    if key is None and "idempotency-key" in request.headers:
        raise invalid("/header/Idempotency-Key", "1 to 200 visible ASCII characters")
    return key


def if_match(request: HttpRequest) -> int | None:
    """Read the version in ``If-Match``; None without a condition, that is without the header or with ``*``."""
    value = request.headers.get("if-match")
    if value is None or value == "*":
        return None
    match = _VERSION.fullmatch(value)
    if match is None:
        raise invalid("/header/If-Match", 'a version in double quotes, such as "3"')
    return int(match[1])


def prefers_minimal(request: HttpRequest) -> bool:
    """Whether ``Prefer`` asks for ``return=minimal`` (RFC 7240); of several ``return`` preferences the first counts."""
    for value in request.headers.getlist("prefer"):
        for preference in value.split(","):
            name, _, wanted = preference.partition(";")[0].partition("=")
            if name.strip().lower() == "return":
                return wanted.strip().strip('"').lower() == "minimal"
    return False


def written(answer: Answer, status: int, version: int, position: int, location: str | None = None) -> Response:
    """Answer with a document, its version as ``ETag`` and the position of the last event written."""
    headers = {"ETag": f'"{version}"', "Gongdan-Position": str(position)}
    if location is not None:
        headers["Location"] = PREFIX + location
    return Response(answer.json_bytes(), status, headers, "application/json")


class Stated(Protocol):
    """State with a version."""

    @property
    def version(self) -> int:
        """Version of the last event."""
        ...


class CarriedOut(Protocol):
    """Outcome of a command: the state after it and the position of its last event."""

    @property
    def state(self) -> Stated:
        """State after the command."""
        ...

    @property
    def position(self) -> int:
        """Position of the last event in the log."""
        ...


def done_response(answer: Answer, done: CarriedOut, location: str | None = None) -> Response:
    """Answer with the document after a command: 201 with a ``location`` for a new resource, else 200."""
    return written(answer, 200 if location is None else 201, done.state.version, done.position, location)


def waiting_response(answer: Waiting, status: int = 202) -> Response:
    """Answer with an approval as of the moment the request was recorded, so that a repeat gets the first answer."""
    case = answer.case
    document = approval_answer(case, answer.recorded_at)
    return written(document, status, case.version, answer.position, f"/approvals/{case.id}" if status == 202 else None)


async def ticket_response(write: Writing, answer: Done | Waiting, status: int = 200) -> Response:
    """Answer with the ticket after a command, personal data masked; or with the approval that the command waits for.

    To a caller who prefers it, answer without the ticket: 204, or 201 for a new one, with its version, position and location.
    """
    if isinstance(answer, Waiting):
        return waiting_response(answer)
    if write.minimal:
        headers = {
            "ETag": f'"{answer.state.version}"',
            "Gongdan-Position": str(answer.position),
            "Location": f"{PREFIX}/tickets/{answer.state.id}",
            "Preference-Applied": "return=minimal",
        }
        return Response(None, 204 if status == 200 else status, headers)
    inquiries = write.api.gongdan.inquiries
    caller = write.caller
    reading = await inquiries.after_command(
        caller.login, answer.state, answer.recorded_at, answer.position, directory=caller.directory, on_duty=answer.on_duty
    )
    location = f"/tickets/{answer.state.id}" if status == 201 else None
    return done_response(ticket_answer(reading), answer, location)
