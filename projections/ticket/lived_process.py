"""The lived process (流程): how often tickets took each transition, where they are, and how long they stayed, as of any moment.

Every number is read from tallies, so that a million tickets cost as much as a thousand. Moments are divided into blocks of
:data:`BLOCK`; lengths of stays into ranges, each 1/512 of its lengths wide at most. The count up to a moment is that of the
blocks before it, corrected by the moves in the block it lies in. A median is found by its rank: among coarse ranges, then among
the fine ranges of one of them, then among the stays of that fine range, which are read.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from domain.kernel.terms import State
from domain.ticket.state import TicketState
from projections.engine.tables import MICROSECOND, Index, Table, micros
from projections.engine.tallies import Tally
from projections.engine.view import Ask, Params, Put, Reader, Step, Write

BLOCK = 32 * 86_400_000_000
"""Microseconds of a block of moments: 32 days."""

FINE = 9
"""Bits of a length behind its highest one that tell its fine range."""

COARSE = 6
"""Bits at the end of a fine range's number; the rest is the number of its coarse range."""


def length_range(length: int) -> int:
    """The number of the fine range of a length in microseconds; a greater length has no smaller number.

    Up to 1,024 the range is the length itself; beyond, each doubling of the length has 512 ranges.
    """
    shift = max(length.bit_length() - FINE - 1, 0)
    return (shift << FINE) + (length >> shift)


class MoveRow(NamedTuple):
    """A step that changed a ticket's state from ``source`` (empty for a new ticket) to ``target``.

    ``stay`` is how long the ticket was in ``source``, in microseconds (-1 for a new ticket), ``fine`` and ``coarse`` the ranges
    of that length. ``returned``: the first step back to work after a completion.
    """

    ticket: UUID
    version: int
    community: str
    topic: str
    at: datetime
    block: int
    source: str
    target: State
    returned: bool
    stay: int
    coarse: int
    fine: int


MOVES = Table(
    "process_moves",
    MoveRow,
    key=("ticket", "version"),
    stream="ticket",
    indexes=(Index(("community", "at")), Index(("community", "source", "fine", "at", "stay"))),
)

WAYS = Tally("process_ways", MOVES, ("community", "block", "source", "target", "topic", "returned"))
COARSE_STAYS = Tally("process_stays", MOVES, ("community", "source", "coarse"), length="stay")
FINE_STAYS = Tally("process_stays_fine", MOVES, ("community", "source", "fine"), length="stay")
COARSE_BLOCKS = Tally("process_blocks", MOVES, ("community", "block", "source", "coarse"), length="stay")
FINE_BLOCKS = Tally("process_blocks_fine", MOVES, ("community", "source", "fine", "block"), length="stay")
TALLIES = (WAYS, COARSE_STAYS, FINE_STAYS, COARSE_BLOCKS, FINE_BLOCKS)

COMPLETED = (State.REPAIRED, State.FOLLOWED_UP)
"""States in which the work is done; from there CLASSIFIED is a way back to work."""


def moves(steps: Sequence[Step]) -> Iterable[Write]:
    """Write each change of a ticket's state; it never changes afterwards."""
    for before, seen in steps:
        s = seen.state
        if not isinstance(s, TicketState):
            return
        was: State | None = before.state.state if before else None
        if s.state is was:
            continue
        event, at = seen.event, micros(seen.event.timestamp)
        stay = at - micros(before.entered_at) if before else -1
        fine = length_range(stay) if before else -1
        back = was in COMPLETED and s.state is State.CLASSIFIED
        yield Put(
            MOVES,
            MoveRow(
                s.id,
                event.originator_version,
                s.community,
                event.TOPIC,
                event.timestamp,
                at // BLOCK,
                was or "",
                s.state,
                back and before is not None and len(before.state.timeline.cycles) == 1,
                stay,
                fine >> COARSE,
                fine,
            ),
        )


class Way(NamedTuple):
    """A transition between two states, by the topic of its event."""

    source: State | None
    target: State
    topic: str


@dataclass(frozen=True, slots=True)
class LivedProcess:
    """The lifecycle as lived in a community up to a moment, at ``position``.

    ``taken`` counts each transition, ``standing`` the tickets then in each state. ``stays`` counts the ended stays in a state;
    ``median`` is their median length (of an even number, the mean of the middle two, rounded down to a microsecond). ``returned``
    counts tickets that were reworked or reopened after completion.
    """

    position: int
    taken: Mapping[Way, int]
    standing: Mapping[State, int]
    stays: Mapping[State, int]
    median: Mapping[State, timedelta]
    returned: int


async def process(reader: Reader, community: str, until: datetime) -> LivedProcess:
    """Count a community's process up to a moment, ignoring later events."""
    position, found = await reader.consult(lambda ask: _process(ask, community, micros(until)))
    taken, returned, median = found
    stays: Counter[State] = Counter()
    standing: Counter[State] = Counter()
    for way, count in taken.items():
        standing[way.target] += count
        if way.source is not None:
            standing[way.source] -= count
            stays[way.source] += count
    return LivedProcess(position, taken, {state: n for state, n in standing.items() if n}, dict(stays), median, returned)


async def _process(ask: Ask, community: str, until: int) -> tuple[dict[Way, int], int, dict[State, timedelta]]:
    here: Params = {"community": community, "until": until}
    at = "(SELECT at FROM {process_moves} WHERE community = :community ORDER BY at"
    [[(first, last)]] = await ask([(f"SELECT {at} LIMIT 1), {at} DESC LIMIT 1)", here)])
    if first is None or until <= first:
        return {}, 0, {}
    bounds = _Bounds.around(until, first, last)
    here |= bounds.params
    blocks = (
        "SELECT source, target, topic, returned, CAST(sum(n) AS BIGINT) FROM {process_ways}"
        " WHERE community = :community AND block <= :upto GROUP BY source, target, topic, returned"
    )
    near = (
        "SELECT source, target, topic, returned, fine, CAST(count(*) AS BIGINT) FROM {process_moves}"
        " WHERE community = :community AND at >= :begin AND at < :end GROUP BY source, target, topic, returned, fine"
    )
    in_blocks, single, in_ranges = await ask([(blocks, here), (near, here), (bounds.stays("coarse"), here)])
    taken: Counter[Way] = Counter()
    returned = 0
    for source, target, topic, back, count in (*in_blocks, *((*way, bounds.sign * n) for *way, _, n in single)):
        taken[Way(State(source) if source else None, State(target), topic)] += count
        returned += count if back else 0
    coarse: Counts = Counter({(source, number): count for source, number, count in in_ranges})
    fine: Counts = Counter()
    for source, _, _, _, number, count in single:
        if source:
            coarse[source, number >> COARSE] += bounds.sign * count
            fine[source, number] += bounds.sign * count
    median = await _medians(ask, here, bounds, coarse, fine)
    return {way: count for way, count in taken.items() if count}, returned, median


Counts = Counter[tuple[str, int]]
"""Stays by state and number of a range."""


@dataclass(frozen=True, slots=True)
class _Bounds:
    """How to count up to a moment: the blocks up to ``upto``, and single moves from ``begin`` to ``end`` added or taken away.

    ``later``: the blocks are counted as all of them without the later ones, since these are fewer.
    """

    params: Params
    sign: int
    later: bool

    @classmethod
    def around(cls, until: int, first: int, last: int) -> "_Bounds":
        """Choose what is less to read: the part of a moment's block that lies before it, or that after it."""
        block = until // BLOCK
        begin, end = block * BLOCK, (block + 1) * BLOCK
        if until > last or min(end, last) - until < until - max(begin, first):
            upto, sign, near = block, -1, (until, end)
        else:
            upto, sign, near = block - 1, 1, (begin, until)
        later = last // BLOCK - upto < upto - first // BLOCK + 1
        return cls({"upto": upto, "begin": near[0], "end": near[1]}, sign, later)

    def stays(self, column: str, where: str = "") -> str:
        """SQL for the stays that ended in the blocks, by state and range; ``column`` is ``coarse`` or ``fine``."""
        suffix = "_fine" if column == "fine" else ""
        here = f"WHERE community = :community {where}"
        if self.later:
            counted = (
                f"SELECT source, {column}, n FROM {{process_stays{suffix}}} {here}"
                f" UNION ALL SELECT source, {column}, -n FROM {{process_blocks{suffix}}} {here} AND block > :upto"
            )
        else:
            counted = f"SELECT source, {column}, n FROM {{process_blocks{suffix}}} {here} AND block <= :upto"
        return f"SELECT source, {column}, CAST(sum(n) AS BIGINT) FROM ({counted}) AS counted GROUP BY source, {column}"


class _Rank(NamedTuple):
    """A stay sought in a state: its place, from 0, among those of a range."""

    source: str
    number: int
    place: int


def _ranked(counts: Counts, source: str, place: int) -> _Rank:
    """Find the range that holds a place, walking along a state's ranges in order."""
    for number, count in sorted((number, count) for (state, number), count in counts.items() if state == source):
        if place < count:
            return _Rank(source, number, place)
        place -= count
    raise AssertionError(f"fewer stays in {source} than counted")


async def _medians(ask: Ask, here: Params, bounds: _Bounds, coarse: Counts, near: Counts) -> dict[State, timedelta]:
    """The median stay in each state; of an even number the mean of the middle two."""
    stays: Counter[str] = Counter()
    for (source, _), count in coarse.items():
        stays[source] += count
    middle = [_ranked(coarse, source, place) for source, n in stays.items() if n for place in sorted({(n - 1) // 2, n // 2})]
    ranges = sorted({(rank.source, rank.number) for rank in middle})
    within = "AND source = :source AND fine >= :low AND fine < :high"
    asked = [{**here, "source": source, "low": number << COARSE, "high": (number + 1) << COARSE} for source, number in ranges]
    fine: dict[tuple[str, int], Counts] = {}
    for wanted, rows in zip(ranges, await ask([(bounds.stays("fine", within), params) for params in asked]), strict=True):
        fine[wanted] = Counter({(source, number): count for source, number, count in rows})
    for (source, number), count in near.items():
        if (source, number >> COARSE) in fine:
            fine[source, number >> COARSE][source, number] += count
    sought = [_ranked(fine[rank.source, rank.number], rank.source, rank.place) for rank in middle]
    length = (
        "SELECT stay FROM {process_moves} WHERE community = :community AND source = :source AND fine = :fine AND at < :until"
        " ORDER BY stay LIMIT 1 OFFSET :place"
    )
    found = await ask([(length, {**here, "source": r.source, "fine": r.number, "place": r.place}) for r in sought])
    lengths: dict[str, list[int]] = {}
    for rank, [(stay,)] in zip(sought, found, strict=True):
        lengths.setdefault(rank.source, []).append(stay)
    return {State(source): sum(some) // len(some) * MICROSECOND for source, some in lengths.items()}
