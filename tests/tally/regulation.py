"""D2's table, written down a second time and independently of the rule book: points for both posts, and the counting rule."""

from typing import NamedTuple


class Entry(NamedTuple):
    """Points for director and administrator; ``first`` is the first unit, or the smallest finding, that costs points."""

    director: float
    administrator: float
    rule: str = "each"
    first: int = 1
    party_only: bool = False
    party_extra: int = 0


DEDUCTIONS: dict[int, Entry] = {
    1: Entry(2, 1, party_only=True),
    2: Entry(2, 1, party_only=True),
    3: Entry(1, 1),
    4: Entry(0.5, 0.5, "from", 3),
    5: Entry(1, 0.5, "from", 3),
    6: Entry(2, 1),
    7: Entry(2, 1),
    8: Entry(2, 1),
    9: Entry(1, 1, "from", 2, party_extra=1),
    10: Entry(5, 3),
    11: Entry(1, 0.5, "from", 3),
    12: Entry(5, 3),
    13: Entry(1, 0.5, "overdue"),
    14: Entry(10, 8),
    15: Entry(1, 0.5, "from", 3),
    16: Entry(2, 1),
    17: Entry(1, 0.5, "from", 3, party_extra=2),
    18: Entry(0, 0, "dismiss", party_only=True),
    19: Entry(2, 1),
    20: Entry(0, 0, "dismiss", party_only=True),
    21: Entry(3, 1),
    22: Entry(0.5, 0.5, "min", 3),
    23: Entry(3, 2),
    24: Entry(10, 8),
    25: Entry(15, 10),
    26: Entry(2, 1),
    27: Entry(0.5, 0.5),
    28: Entry(1, 0.5, "from", 3),
    29: Entry(0, 0, "referred", party_only=True),
    30: Entry(2, 1, party_only=True),
    31: Entry(2, 1),
    32: Entry(1, 0.5, "from", 3),
    33: Entry(1, 1),
    34: Entry(2, 1),
    35: Entry(2, 1),
    36: Entry(2, 1, party_extra=3),
    37: Entry(5, 3, party_only=True),
    38: Entry(3, 2, party_only=True),
    39: Entry(2, 1, "metric"),
    40: Entry(0.5, 0.5),
    41: Entry(2, 1, party_only=True),
    42: Entry(1, 1, party_only=True),
    43: Entry(2, 1, "metric"),
    44: Entry(5, 3, "metric"),
    45: Entry(0, 0, "doubling"),
    46: Entry(0, 0, "decided"),
}
BONUSES: dict[int, Entry] = {
    **{number: Entry(0, 0, "decided", party_only=number in (4, 7)) for number in range(1, 8)},
    8: Entry(0.5, 0.5, "metric"),
    9: Entry(0.5, 0.5, "metric"),
}
EGREGIOUS = (10, 25, 26, 37)
EVERY = {**{str(number): entry for number, entry in DEDUCTIONS.items()}, **{f"B{n}": entry for n, entry in BONUSES.items()}}
FOUND = [code for code, entry in EVERY.items() if entry.rule not in ("metric", "doubling")]
"""Items that findings may name."""
