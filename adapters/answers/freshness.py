"""Read your own writes: wait until a read model has reached a position."""

from adapters.composition import Gongdan
from domain.kernel.errors import Overloaded

WAIT_SECONDS = 2.0
"""How long a query waits for ``min_position``."""


async def reached(gongdan: Gongdan, view: str, position: int | None) -> None:
    """Wait until a read model has reached a position; raises Overloaded after :data:`WAIT_SECONDS`."""
    if position is not None and not await gongdan.projections.wait_for(view, position, WAIT_SECONDS):
        raise Overloaded(f"{view} has not reached position {position} yet")
