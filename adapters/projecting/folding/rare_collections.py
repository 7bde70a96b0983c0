"""The garbage collector during builds and while a follower is far behind."""

import gc

YOUNG = 1_000_000
"""Objects made and not freed until the collector looks at them: more than the steps and states that a build keeps consist of."""


class RareCollections:
    """Makes garbage collections rare while many events are folded.

    Folding allocates many objects and no cycles, so the collector would take much of the time and free nothing.
    """

    def __init__(self) -> None:
        self._folding = 0
        self._usual = gc.get_threshold()

    def __enter__(self) -> None:
        if self._folding == 0:
            self._usual = gc.get_threshold()
            gc.set_threshold(YOUNG, 20, 1_000)
        self._folding += 1

    def __exit__(self, *_: object) -> None:
        self._folding -= 1
        if self._folding == 0:
            gc.set_threshold(*self._usual)


RARE_COLLECTIONS = RareCollections()
