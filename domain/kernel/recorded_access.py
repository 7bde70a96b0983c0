"""Opening personal texts on record: the look is written to the access log first; where that can't be done, nothing is opened."""

from collections.abc import Sequence
from dataclasses import replace

from domain.kernel.errors import Overloaded
from domain.kernel.ports import Access, AccessLog, PlainField, Sealer
from domain.kernel.privacy import ERASED, MASKED, Text


async def noted(access_log: AccessLog, access: Access) -> bool:
    """Write a look to the access log; False where that can't be done."""
    try:
        await access_log.record(access)
    except Overloaded:
        return False
    return True


async def on_record(
    sealer: Sealer, access_log: AccessLog, access: Access, texts: Sequence[Text], *, may_open: bool
) -> tuple[list[str], bool]:
    """The texts of the stream that ``access`` names, and whether they are masked; ``access`` gets whose they are.

    Without texts there is no look.
    """
    if may_open and texts:
        subjects = tuple(dict.fromkeys(text.value.subject for text in texts))
        may_open = await noted(access_log, replace(access, subjects=subjects))
    if not may_open:
        return [MASKED] * len(texts), True
    assert access.stream_id is not None
    clear = await sealer.open([(PlainField(access.stream_id, text.version, text.name), text.value) for text in texts])
    return [ERASED if said is None else said for said in clear], False
