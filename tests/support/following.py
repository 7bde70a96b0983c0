"""Moving a follower by hand."""

from adapters.projecting.folding.following import NEWEST, Following


async def settle(following: Following) -> None:
    """Run it to the end of the log and the present moment."""
    while await following.advance(NEWEST):
        pass
