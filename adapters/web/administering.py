"""Commands on the registry and the household register: carried out once per idempotency key.

A repeat is answered from the stream at the version that the first request left.
"""

from collections.abc import Awaitable, Callable
from typing import cast

from starlette.responses import Response

from adapters.answers.documents import Answer
from adapters.composition import Gongdan
from adapters.web.commands import Writing, written
from domain.kernel.aggregate import FoldedState, S
from domain.kernel.ports import CommandKey, CommandRecord


async def carried_out(gongdan: Gongdan, key: CommandKey | None, change: Callable[[], Awaitable[S]]) -> tuple[S, int]:
    """Carry out a change; returns the state after it and the position of its event.

    For a repeat of the key both are those of the first time.
    """

    async def now() -> tuple[S, int]:
        state = await change()
        [last] = await gongdan.store.read_stream(state.id, after_version=state.version - 1, upto_version=state.version)
        return state, last.position

    async def again(record: CommandRecord) -> tuple[S, int]:
        state = await gongdan.journal.load_at(record.stream_id, record.version, FoldedState)
        # A key is stored with the hash of its request, so a repeat asks for the state type that ``change`` returns.
        return cast(S, state), record.position

    return await gongdan.journal.once(key, now, again)


async def administered(
    write: Writing,
    change: Callable[[], Awaitable[S]],
    answer: Callable[[S], Answer],
    status: int = 200,
    location: Callable[[S], str] | None = None,
) -> Response:
    """Carry out a change and answer with its document; a repeat of the idempotency key gets the first answer."""
    state, position = await carried_out(write.api.gongdan, write.key, change)
    return written(answer(state), status, state.version, position, location(state) if location else None)
