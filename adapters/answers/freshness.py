"""Waiting until a read model holds what the caller wrote."""

from adapters.composition import Gongdan
from domain.kernel.errors import Overloaded

WAIT_SECONDS = 2.0
"""How long an answer waits for ``min_position``."""


async def reached(gongdan: Gongdan, view: str, position: int | None) -> None:
    """Wait until a view has reached a position; raises Overloaded where it does not within :data:`WAIT_SECONDS`."""
    if position is not None and not await gongdan.projections.wait_for(view, position, WAIT_SECONDS):
        raise Overloaded(f"{view} has not reached position {position} yet")
