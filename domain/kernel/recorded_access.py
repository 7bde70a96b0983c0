"""Open personal texts with an entry in the access log. The entry is written first; if that fails, nothing is opened."""

from collections.abc import Sequence
from dataclasses import replace

from domain.kernel.errors import Overloaded
from domain.kernel.ports import Access, AccessLog, PlainField, Sealer
from domain.kernel.privacy import ERASED, MASKED, Text


async def noted(access_log: AccessLog, access: Access) -> bool:
    """Write to the access log; False if that fails."""
    try:
        await access_log.record(access)
    except Overloaded:
        return False
    return True


async def on_record(
    sealer: Sealer, access_log: AccessLog, access: Access, texts: Sequence[Text], *, may_open: bool
) -> tuple[list[str], bool]:
    """Open the texts of the stream that ``access`` names; returns them, and whether they are masked.

    The entry gets the texts' subjects. Without texts nothing is logged.
    """
    if may_open and texts:
        subjects = tuple(dict.fromkeys(text.value.subject for text in texts))
        may_open = await noted(access_log, replace(access, subjects=subjects))
    if not may_open:
        return [MASKED] * len(texts), True
    assert access.stream_id is not None
    clear = await sealer.open([(PlainField(access.stream_id, text.version, text.name), text.value) for text in texts])
    return [ERASED if said is None else said for said in clear], False
