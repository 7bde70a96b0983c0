"""A request that writes: its conditions as the domain has them, and the answer with its headers."""

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
from adapters.web.authentication import authenticate
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

_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_VERSION = re.compile(r'"([0-9]{1,15})"')


@dataclass(frozen=True, slots=True)
class Writing:
    """A command on its way: who asks, by which key, on which version."""

    api: Api
    caller: Caller
    path: str
    key: CommandKey | None
    if_match: int | None

    def request(self, body: BaseModel | None = None) -> Request:
        """What travels beside a command; ``occurred_at`` and ``offline`` stand in the bodies of triggers."""
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
        """The caller as one who administers."""
        return Administrator(self.caller.login, self.api.gongdan.ids.new(), key=self.key, if_match=self.if_match)

    async def repeated(self) -> CommandRecord | None:
        """What this key did before; raises KeyReused where it came with another request."""
        if self.key is None:
            return None
        record = await self.api.gongdan.store.find_command(self.key.caller, self.key.key)
        if record is not None and record.body_hash != self.key.body_hash:
            raise KeyReused(record.key)
        return record


@asynccontextmanager
async def writing(request: HttpRequest, raw: bytes, caller: Caller) -> AsyncIterator[Writing]:
    """The conditions of a command whose body is ``raw``; one at a time for an idempotency key."""
    api = api_of(request)
    key = idempotency_key(request)
    async with api.alone(caller.login, key):
        command = None
        if key is not None:
            asked = f"{request.method} {request.url.path}\0".encode() + raw
            command = CommandKey(caller.login, key, await api.gongdan.sealer.body_hash(asked))
        yield Writing(api, caller, request.url.path, command, if_match(request))


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
    """``Idempotency-Key``: 1 to 200 visible ASCII characters."""
    key = request.headers.get("idempotency-key")
    if key is not None and not _KEY.fullmatch(key):
        raise invalid("/header/Idempotency-Key", "1 to 200 visible ASCII characters")
    return key


def if_match(request: HttpRequest) -> int | None:
    """``If-Match: "VERSION"``; ``*`` is no condition."""
    value = request.headers.get("if-match")
    if value is None or value == "*":
        return None
    match = _VERSION.fullmatch(value)
    if match is None:
        raise invalid("/header/If-Match", 'a version in double quotes, such as "3"')
    return int(match[1])


def written(answer: Answer, status: int, version: int, position: int, location: str | None = None) -> Response:
    """The resource as a command left it."""
    headers = {"ETag": f'"{version}"', "Gongdan-Position": str(position)}
    if location is not None:
        headers["Location"] = PREFIX + location
    return Response(answer.json_bytes(), status, headers, "application/json")


class Stated(Protocol):
    """What a command was carried out on, at a version."""

    @property
    def version(self) -> int:
        """Of its last event."""
        ...


class CarriedOut(Protocol):
    """A command that was carried out: what it was done to, and where the last event stands."""

    @property
    def state(self) -> Stated:
        """As it now is."""
        ...

    @property
    def position(self) -> int:
        """Of the log."""
        ...


def done_response(answer: Answer, done: CarriedOut, location: str | None = None) -> Response:
    """The resource as a command left it; it was made by it where it has a ``location``."""
    return written(answer, 200 if location is None else 201, done.state.version, done.position, location)


def waiting_response(answer: Waiting, status: int = 202) -> Response:
    """An approval as it stood when the command was answered first."""
    case = answer.case
    document = approval_answer(case, answer.recorded_at)
    return written(document, status, case.version, answer.position, f"/approvals/{case.id}" if status == 202 else None)


async def ticket_response(write: Writing, answer: Done | Waiting, status: int = 200) -> Response:
    """The ticket as a command left it, personal data masked; or the approval that the command waits for."""
    if isinstance(answer, Waiting):
        return waiting_response(answer)
    inquiries = write.api.gongdan.inquiries
    caller = write.caller
    reading = await inquiries.after_command(
        caller.login, answer.state, answer.recorded_at, answer.position, directory=caller.directory
    )
    location = f"/tickets/{answer.state.id}" if status == 201 else None
    return done_response(ticket_answer(reading), answer, location)
