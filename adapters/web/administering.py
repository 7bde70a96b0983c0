"""Commands on the registry and the desk: carried out once per idempotency key, answered from the stream at that version."""

from collections.abc import Awaitable, Callable
from typing import cast

from starlette.responses import Response

from adapters.answers.documents import Answer
from adapters.composition import Gongdan
from adapters.web.commands import Writing, written
from domain.kernel.aggregate import FoldedState, S
from domain.kernel.ports import CommandKey, CommandRecord


async def carried_out(parts: Gongdan, key: CommandKey | None, change: Callable[[], Awaitable[S]]) -> tuple[S, int]:
    """The state that a change left and where its event stands; for a repeat of the key the first ones again."""

    async def now() -> tuple[S, int]:
        state = await change()
        [last] = await parts.store.read_stream(state.id, after_version=state.version - 1, upto_version=state.version)
        return state, last.position

    async def again(record: CommandRecord) -> tuple[S, int]:
        state = await parts.journal.load_at(record.stream_id, record.version, FoldedState)
        return cast(S, state), record.position  # a key is kept with the hash of its request, so the state is that of ``change``

    return await parts.journal.once(key, now, again)


async def administered(
    write: Writing,
    change: Callable[[], Awaitable[S]],
    answer: Callable[[S], Answer],
    status: int = 200,
    location: Callable[[S], str] | None = None,
) -> Response:
    """The answer to a change, or to its repeat the first answer again."""
    state, position = await carried_out(write.api.gongdan, write.key, change)
    return written(answer(state), status, state.version, position, location(state) if location else None)
