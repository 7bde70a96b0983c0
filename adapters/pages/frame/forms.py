"""Forms: received within limits of size and time, protected against cross-site requests, carried out once.

A form carries ``key``, its idempotency key, and ``csrf``, a token of this browser's session. Three things protect it: the cookie
is SameSite=Lax, the browser states that the form comes from this site (Sec-Fetch-Site, or Origin), and the token matches.
"""

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

from pydantic import BaseModel, ValidationError
from starlette.requests import Request as HttpRequest

from adapters.pages.frame.visitor import Guest, Visitor
from adapters.web.problems import NotJson, TooSlow, UnsupportedMedia
from adapters.web.receiving import pointer, received
from domain.kernel.errors import FieldError, InvalidInput, Refusal, invalid
from domain.kernel.ports import CommandKey
from domain.kernel.request import Request
from domain.people.administration import Administrator

M = TypeVar("M", bound=BaseModel)

FIELDS = 500
CSRF, KEY = "csrf", "key"
LONGEST_KEY = 200


class CrossSite(Refusal):
    """The form comes from another site, or from a page that was loaded before signing in."""

    def __str__(self) -> str:
        return "the form does not come from this site's own page; load the page again"


@dataclass(frozen=True)
class Form:
    """Fields of a form from one of our own pages, empty ones left out."""

    fields: Mapping[str, Sequence[str]]
    path: str

    def get(self, name: str, otherwise: str = "") -> str:
        """First value of a field."""
        return next(iter(self.fields.get(name, ())), otherwise)

    def all(self, name: str) -> list[str]:
        """All values of a field."""
        return list(self.fields.get(name, ()))

    def has(self, name: str) -> bool:
        """Whether a field was filled in or ticked."""
        return name in self.fields

    @property
    def values(self) -> dict[str, str]:
        """First values of all fields, to show the form again."""
        return {name: values[0] for name, values in self.fields.items() if values}

    async def key(self, visitor: Visitor) -> CommandKey:
        """Make the form's idempotency key, bound to a keyed hash of path and fields; raises InvalidInput without one."""
        key = self.get(KEY)
        if not key or len(key) > LONGEST_KEY or not key.isalnum() or not key.isascii():
            raise invalid("/key", "the form has no key; load the page again")
        said = {name: values for name, values in sorted(self.fields.items()) if name not in (CSRF, KEY)}
        asked = json.dumps([self.path, {name: list(values) for name, values in said.items()}], ensure_ascii=False)
        return CommandKey(visitor.login, key, await visitor.gongdan.sealer.body_hash(asked.encode()))

    async def request(self, visitor: Visitor, **more: Any) -> Request:
        """Make the domain's request of the form's command."""
        ids = visitor.gongdan.ids
        key = await self.key(visitor)
        return Request(visitor.login, ids.new(), key=key, registry_version=visitor.registry_version, **more)

    async def administrator(self, visitor: Visitor) -> Administrator:
        """Make the domain's request of a command on the registry."""
        return Administrator(visitor.login, visitor.gongdan.ids.new(), key=await self.key(visitor))


async def receive_form(guest: Guest) -> Form:
    """Receive the form of a POST; raises CrossSite, TooLarge, TooSlow, UnsupportedMedia."""
    request = guest.request
    refuse_foreign(request)
    settings = guest.gongdan.settings
    raw = bytearray()
    try:
        async with asyncio.timeout(settings.body_seconds):
            async for piece in received(request, settings.body_limit, settings.body_seconds):
                raw += piece
    except TimeoutError:
        raise TooSlow(f"the form must arrive within {settings.body_seconds:g} s") from None
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if raw and media != "application/x-www-form-urlencoded":
        raise UnsupportedMedia("a form is application/x-www-form-urlencoded")
    return checked(guest, _pairs(bytes(raw)))


def checked(guest: Guest, pairs: Iterable[tuple[str, str]]) -> Form:
    """Make the form of received fields; raises CrossSite where its token doesn't match."""
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        clean = value.replace("\r\n", "\n").strip()
        if clean:
            fields.setdefault(name, []).append(clean)
    form = Form(fields, guest.request.url.path)
    if not compare_digest(form.get(CSRF).encode(), guest.csrf.encode()):
        raise CrossSite
    return form


def refuse_foreign(request: HttpRequest) -> None:
    """Refuse a request that the browser marks as coming from another site; raises CrossSite."""
    site = request.headers.get("sec-fetch-site")
    if site is not None and site != "same-origin":
        raise CrossSite
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise CrossSite


def _pairs(raw: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(raw.decode("ascii"), keep_blank_values=True, max_num_fields=FIELDS, errors="strict")
    except ValueError:
        raise NotJson("the form is not well-formed") from None


def filled(model: type[M], values: Mapping[str, Any]) -> M:
    """Validate a form's values by a model; raises InvalidInput with a pointer for every error.

    The values go through JSON, whose lax mode converts texts to dates, numbers and codes.
    """
    try:
        return model.model_validate_json(json.dumps(values))
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        raise InvalidInput([FieldError(pointer(one, values), one["msg"]) for one in found]) from None


def assignee_chosen(code: str) -> str | dict[str, str]:
    """The command's value for an assignee chosen in a form: a login, ``team:CODE`` or ``contractor:CODE``."""
    kind, team_or_contractor, name = code.partition(":")
    return {"type": kind, "id": name} if team_or_contractor else code
