"""The text for a retry that leaves a stream parked."""

from collections.abc import Iterable
from uuid import UUID

from adapters.projecting.tables.fences import Parked


def still_parked(name: str, stream: UUID, parked: Iterable[Parked]) -> str:
    """Give the error for which a projection or process keeps a stream parked, and the next step."""
    error = next((one.error for one in parked if one.stream == stream), "its error is not known")
    return f"{stream} stays parked in {name}: {error}; mend the cause, then retry"
