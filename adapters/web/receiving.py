"""Request bodies: received within limits of size and time, parsed as I-JSON (RFC 7493), validated by a model.

I-JSON here means UTF-8, at most 32 levels deep, no duplicate names, no NaN, no lone surrogates. Unknown fields are refused by
name, and every error points into the body. Python's own parser takes duplicate names, NaN and lone surrogates; hence the checks.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from starlette.requests import ClientDisconnect, Request

from adapters.web.problems import NotJson, TooSlow, UnsupportedMedia
from domain.kernel.errors import FieldError, InvalidInput, TooLarge

MAX_DEPTH = 32

M = TypeVar("M", bound=BaseModel)


async def received(request: Request, limit: int, seconds: float) -> AsyncIterator[bytes]:
    """Yield the body piece by piece; raises TooLarge beyond ``limit`` bytes, TooSlow ``seconds`` after the last piece."""
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared[:19]) > limit:
        raise TooLarge("body", limit)
    size = 0
    pieces = request.stream()
    while True:
        try:
            async with asyncio.timeout(seconds):
                piece = await anext(pieces, None)
        except TimeoutError:
            raise TooSlow(f"the body must arrive within {seconds:g} s") from None
        except ClientDisconnect:
            raise TooSlow("the connection was closed before the body was complete") from None
        if piece is None:
            return
        size += len(piece)
        if size > limit:
            raise TooLarge("body", limit)
        yield piece


async def receive_json(request: Request, limit: int, seconds: float) -> bytes:
    """Receive a whole JSON body within ``limit`` bytes and ``seconds``; an empty body counts as an empty object."""
    raw = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for piece in received(request, limit, seconds):
                raw += piece
    except TimeoutError:
        raise TooSlow(f"the body must arrive within {seconds:g} s") from None
    if raw:
        _check_media(request)
    return bytes(raw) or b"{}"


def _check_media(request: Request) -> None:
    media, _, parameters = request.headers.get("content-type", "").partition(";")
    charset = parameters.replace(" ", "").replace('"', "").lower()
    if media.strip().lower() != "application/json" or charset not in ("", "charset=utf-8"):
        raise UnsupportedMedia("the body must be application/json in UTF-8")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise UnsupportedMedia("the body must not be compressed")


def parse_json(raw: bytes) -> Any:
    """Parse an I-JSON text; raises NotJson."""
    try:
        value = json.loads(
            raw.decode(), object_pairs_hook=_object, parse_constant=_constant, parse_int=_integer, parse_float=_float
        )
    except UnicodeDecodeError:
        raise NotJson("the body is not UTF-8") from None
    except RecursionError:
        raise NotJson(f"the body is nested deeper than {MAX_DEPTH} levels") from None
    except json.JSONDecodeError as error:
        raise NotJson(f"the body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    _check(value)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotJson("the body names a field twice")
    return found


def _constant(name: str) -> NoReturn:
    raise NotJson(f"{name} is not JSON")


def _integer(digits: str) -> int:
    if len(digits) > 25:
        raise NotJson("the body holds a number out of range")
    return int(digits)


def _float(digits: str) -> float:
    value = float(digits)
    if len(digits) > 400 or value in (float("inf"), float("-inf")):
        raise NotJson("the body holds a number out of range")
    return value


def _check(value: Any) -> None:
    """Refuse lone surrogates and values nested too deep. Walks level by level, since recursion could exhaust the stack."""
    level = [value]
    depth = 0
    while level:
        following: list[Any] = []
        for one in level:
            if isinstance(one, str):
                _check_text(one)
            elif isinstance(one, dict | list):
                if depth == MAX_DEPTH:
                    raise NotJson(f"the body is nested deeper than {MAX_DEPTH} levels")
                following.extend(one.keys() if isinstance(one, dict) else ())
                following.extend(one.values() if isinstance(one, dict) else one)
        level, depth = following, depth + 1


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise NotJson("the body holds half of a surrogate pair") from None


def validated(model: type[M], raw: bytes) -> M:
    """Validate a body by its model; raises NotJson, or InvalidInput with a pointer for every error."""
    value = parse_json(raw)
    try:
        return model.model_validate_json(raw, strict=True)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False)
        raise InvalidInput([FieldError(pointer(one, value), one["msg"]) for one in found]) from None


def pointer(error: ErrorDetails, value: Any) -> str:
    """Make the JSON pointer of an error: pydantic's location without the names of union branches, which no body has."""
    location: Sequence[int | str] = error["loc"]
    parts: list[str] = []
    for i, part in enumerate(location):
        inside = part in value if isinstance(value, dict) else isinstance(value, list) and isinstance(part, int)
        if inside:
            value = value[part]
        elif not (i == len(location) - 1 and error["type"] == "missing"):
            continue
        parts.append(str(part).replace("~", "~0").replace("/", "~1"))
    return "".join(f"/{part}" for part in parts)
