"""Clients: each command has an idempotency key and is repeated, with it, until its answer is known."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from hashlib import sha256
from random import Random
from typing import Any
from uuid import UUID

from adapters.composition import Gongdan
from domain.kernel.errors import Overloaded, Refusal
from domain.kernel.ports import CommandKey, CommandRecord, DuplicateCommand
from domain.kernel.request import Request
from tests.seeds.cluster import Cluster, Lost

Deed = Callable[[Gongdan, Request], Awaitable[Any]]
PATIENCE = 60
"""Most times that a command is sent."""


@dataclass
class Trace:
    """What happened, in order: as a hash, and line by line where somebody wants to read it."""

    keep: bool = False
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._hash = sha256()

    def note(self, line: str) -> None:
        """Add a line, stamped with the loop's time."""
        stamped = f"{asyncio.get_running_loop().time():12.6f}  {line}"
        self._hash.update(stamped.encode() + b"\n")
        if self.keep:
            self.lines.append(stamped)

    def add(self, data: bytes) -> None:
        """Add bytes that no line shows."""
        self._hash.update(data)

    @property
    def digest(self) -> str:
        """The hash of all of it."""
        return self._hash.hexdigest()


@dataclass(eq=False)
class Sent:
    """A command as its client knows it. ``attempts``: the command ids of every time it was sent."""

    who: str
    key: str
    name: str
    attempts: list[UUID] = field(default_factory=list)
    answer: Any = None
    refusal: Refusal | None = None
    unknown: int = 0

    @property
    def is_acknowledged(self) -> bool:
        """Whether an answer says that it was carried out."""
        return self.answer is not None


@dataclass(eq=False)
class Clients:
    """Sends commands to the servers and remembers what was answered. ``tokens``: the hash of each person's token."""

    cluster: Cluster
    random: Random
    trace: Trace
    tokens: dict[str, bytes]
    sent: list[Sent] = field(default_factory=list)
    deeds: dict[str, Deed] = field(default_factory=dict)

    async def send(self, who: str, name: str, deed: Deed) -> Any:
        """Send a command until its answer is known; returns that, or raises the Refusal."""
        command = Sent(who, f"key-{len(self.sent) + 1}", name)
        self.sent.append(command)
        self.deeds[command.key] = deed
        for _ in range(PATIENCE):
            try:
                command.answer = await self._once(command, deed)
            except (Lost, Overloaded) as trouble:
                command.unknown += 1
                self._note(command, trouble)
                await asyncio.sleep(self.random.choice((0.001, 0.05, 0.5, 2.0)))
            except Refusal as refusal:
                command.refusal = refusal
                self._note(command, refusal)
                raise
            else:
                self._note(command, command.answer)
                return command.answer
        raise AssertionError(f"{command.name} of {command.key} was never answered")

    async def repeat(self, command: Sent) -> None:
        """Send an acknowledged command again; its first answer must come back, and no event be written."""
        for _ in range(PATIENCE):
            try:
                again = await self._once(command, self.deeds[command.key])
            except (Lost, Overloaded) as trouble:
                self._note(command, trouble)
                await asyncio.sleep(self.random.choice((0.001, 0.05, 0.5)))
                continue
            except Refusal as refusal:
                raise AssertionError(f"the repeat of {command.name}, {command.key}, was refused: {refusal!r}") from refusal
            self._note(command, again)
            same = _record(again) == _record(command.answer) if _is_record(command.answer, again) else again == command.answer
            assert same, f"the repeat of {command.name}, {command.key}, got {again!r} and not {command.answer!r}"
            return
        raise AssertionError(f"the repeat of {command.name}, {command.key}, was never answered")

    async def _once(self, command: Sent, deed: Deed) -> Any:
        """Send a command once; sometimes give up before the answer, while the server goes on."""
        server = await self.cluster.any()
        gongdan = server.gongdan
        assert gongdan is not None
        key = CommandKey(command.who, command.key, sha256(command.key.encode()).digest())
        request = Request(command.who, gongdan.ids.new(), key=key)
        command.attempts.append(request.command_id)
        token = self.tokens.get(command.who) if self.random.random() < 0.75 else None
        asked = asyncio.ensure_future(server.call(lambda gongdan: _keyed(deed, gongdan, request, token)))
        if self.random.random() < 0.04:
            await asyncio.wait([asked], timeout=self.random.uniform(0, 0.02))
            if not asked.done():
                asked.add_done_callback(lambda late: late.exception())
                raise Lost
        return await asked

    def _note(self, command: Sent, answer: object) -> None:
        self.trace.note(f"{command.who} {command.name} {command.key}/{len(command.attempts)}: {gist(answer)}")


async def _keyed(deed: Deed, gongdan: Gongdan, request: Request, token: bytes | None) -> Any:
    """Carry out; where the use case leaves repeats to its caller, the record is the answer.

    With a token the request begins with one look at the database, as over HTTP; without one as on the command line.
    """
    if token is not None and request.key is not None:
        look = await gongdan.store.look(token, request.key.key)
        await gongdan.directory.current(look.registry)
        key = replace(request.key, looked=True, earlier=look.earlier)
        request = replace(request, key=key, registry_version=look.registry)
    try:
        return await deed(gongdan, request)
    except DuplicateCommand as duplicate:
        return duplicate.record


def _is_record(*answers: object) -> bool:
    return any(isinstance(answer, CommandRecord) for answer in answers)


def _record(answer: Any) -> tuple[Any, ...]:
    """Stream and version by which an answer and a record of its command can be compared."""
    if isinstance(answer, CommandRecord):
        return answer.stream_id, answer.version
    return answer.id, answer.version


def gist(answer: Any) -> str:
    """An answer in a line: its kind, and the numbers that tell it from others."""
    if isinstance(answer, Exception):
        return f"{type(answer).__name__}: {answer}"
    state = getattr(answer, "state", None) or getattr(answer, "case", None) or answer
    named = [f"{name} {getattr(state, name)}" for name in ("id", "version") if hasattr(state, name)]
    position = getattr(answer, "position", None)
    return " ".join([type(answer).__name__, *named, *([] if position is None else [f"at {position}"])])
