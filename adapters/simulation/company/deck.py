"""Draw texts and names at random without early repetition."""

from collections.abc import Iterable
from random import Random
from typing import Generic, TypeVar

T = TypeVar("T")


class Deck(Generic[T]):
    """Draws things at random; a thing is drawn again only after at least half of the others."""

    def __init__(self, things: Iterable[T], random: Random) -> None:
        self._things = list(things)
        self._random = random
        random.shuffle(self._things)

    def draw(self) -> T:
        """Draw one of the half that was drawn longest ago."""
        thing = self._things.pop(self._random.randrange(max(1, len(self._things) // 2)))
        self._things.append(thing)
        return thing
