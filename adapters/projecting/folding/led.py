"""What the two kinds of members share: positions announced, errors told, and which members this process moves."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial

from adapters.projecting.folding.following import Member
from adapters.store.log.wakeups import Wakeups


class Led:
    """The members of a kind as others see them, by name.

    ``stored``: reads a member's position where another operating-system process moves it; ``note``: stores an error of members.
    """

    def __init__(
        self,
        names: Iterable[str],
        stored: Callable[[str], Awaitable[int]],
        note: Callable[[Sequence[str], str], Awaitable[None]],
        *,
        idle: float,
    ) -> None:
        self.wakeups: Mapping[str, Wakeups] = {
            name: Wakeups(partial(self._position, name), poll=min(idle, 0.05)) for name in names
        }
        self.troubles: dict[str, str] = {}
        self._stored = stored
        self._note = note
        self._led: set[str] = set()

    def lead(self, members: Sequence[Member]) -> None:
        """Set which members this operating-system process moves from now on, and clear their errors."""
        self._led = {member.name for member in members}
        for member in members:
            self.announce(member)

    def announce(self, member: Member) -> None:
        """Announce the position that a member has reached, and clear its error."""
        self.troubles.pop(member.name, None)
        self.wakeups[member.name].announce(member.position)

    async def trouble(self, names: Sequence[str], error: str) -> None:
        """Record an error of these members (no names: all); their next write clears it."""
        names = names or list(self.wakeups)
        self.troubles.update(dict.fromkeys(names, error))
        await self._note(names, error)

    async def _position(self, name: str) -> int:
        return self.wakeups[name].position if name in self._led else await self._stored(name)
