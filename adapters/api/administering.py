"""Commands on the registry and the desk: carried out once per idempotency key, answered from the stream at that version."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar
from uuid import UUID

from starlette.responses import Response

from adapters.api.commands import Writing, written
from adapters.documents import Answer
from domain.ports import DuplicateCommand


class State(Protocol):
    """A folded state."""

    @property
    def id(self) -> UUID:
        """The stream."""
        ...

    @property
    def version(self) -> int:
        """The version of the stream."""
        ...


S = TypeVar("S", bound=State)


async def administered(
    write: Writing,
    change: Callable[[], Awaitable[S]],
    answer: Callable[[S], Answer],
    status: int = 200,
    location: Callable[[S], str] | None = None,
) -> Response:
    """The answer to a change, or to its repeat the first answer again."""
    store, journal = write.api.gongdan.store, write.api.gongdan.journal
    record = await write.repeated()
    state: Any = None
    if record is None:
        try:
            state = await change()
        except DuplicateCommand as duplicate:
            record = write.same(duplicate.record)
    if record is not None:
        state, position = await journal.load_at(record.stream_id, record.version), record.position
    else:
        [last] = await store.read_stream(state.id, after_version=state.version - 1, upto_version=state.version)
        position = last.position
    return written(answer(state), status, state.version, position, location(state) if location else None)
