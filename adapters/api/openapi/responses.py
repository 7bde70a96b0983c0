"""OpenAPI responses of operations: success headers, and the problems with which each may answer."""

from typing import Any

from adapters.answers.approval.approval import ApprovalAnswer
from adapters.web.problems import KINDS, MEDIA_TYPE, Problem

READ = (401, 403, 404, 422, 429, 503)
WRITE = (400, 401, 403, 404, 408, 409, 412, 413, 415, 422, 429, 503)

_TITLES = {status: [kind for kind in KINDS.values() if kind.status == status] for status in {k.status for k in KINDS.values()}}
_HEADERS = {
    401: {"WWW-Authenticate": "Bearer"},
    429: {"Retry-After": "seconds after which to ask again"},
    503: {"Retry-After": "seconds after which to ask again"},
}
WRITTEN_HEADERS = {
    "ETag": {"description": "the version, in double quotes; goes into `If-Match`", "schema": {"type": "string"}},
    "Gongdan-Position": {
        "description": "store position of the last event written; goes into `min_position`",
        "schema": {"type": "integer"},
    },
}
APPLIED = {"Preference-Applied": {"description": "`return=minimal` where it was heeded", "schema": {"type": "string"}}}
LOCATION = {"Location": {"description": "where the resource is", "schema": {"type": "string"}}}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Make the ``responses`` of an operation that may refuse with these statuses; any may answer 500."""
    found: dict[int | str, dict[str, Any]] = {}
    for status in (*statuses, 500):
        kinds = _TITLES.get(status, [])
        types = ", ".join(dict.fromkeys(f"`/problems/{kind.slug}`" for kind in kinds)) or "`/problems/internal`"
        found[status] = {
            "description": types,
            "content": {MEDIA_TYPE: {"schema": {"$ref": f"#/components/schemas/{Problem.__name__}"}}},
        }
        if status in _HEADERS:
            found[status]["headers"] = {
                name: {"description": said, "schema": {"type": "string"}} for name, said in _HEADERS[status].items()
            }
    return found


def read(*more: int) -> dict[int | str, dict[str, Any]]:
    """Make the ``responses`` of a reading operation."""
    return problems(*sorted({*READ, *more}))


def write(success: int, *, waits: bool = False, minimal: bool = False) -> dict[int | str, dict[str, Any]]:
    """Make the ``responses`` of a writing operation.

    ``waits``: it may wait for a second person (202). ``minimal``: it heeds ``Prefer: return=minimal``.
    """
    found = problems(*WRITE)
    headers = WRITTEN_HEADERS | (LOCATION if success == 201 else {})
    found[success] = {"headers": headers}
    if minimal:
        found[success]["headers"] = headers | APPLIED
    if minimal and success == 200:
        found[204] = {
            "description": "按 return=minimal 只答头部 · done; headers alone, as preferred",
            "headers": WRITTEN_HEADERS | LOCATION | APPLIED,
        }
    if waits and success != 202:
        found[202] = {
            "model": ApprovalAnswer,
            "description": "等待第二人审批 · waits for a second person",
            "headers": WRITTEN_HEADERS | LOCATION,
        }
    return found
