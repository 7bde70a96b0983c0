"""Entries of the navigation, and the rights for which each is offered."""

from dataclasses import dataclass

from adapters.labels.marking import N_
from domain.people.authority import CELLS, TABLE, Mode, Right


@dataclass(frozen=True, slots=True)
class Entry:
    """A page in the navigation: address, name (in Chinese; the catalogue has the English), and the rights, one of which suffices.

    ``admin`` entries are for administrators.
    """

    path: str
    name: str
    rights: tuple[Right, ...] = ()
    admin: bool = False


TWO_PEOPLE = tuple(
    right for right, row in TABLE.items() if any(given.mode is Mode.SECOND for cell in row.values() for given in CELLS[cell])
)
"""Rights that some role has only together with a second person."""

NAVIGATION: tuple[Entry, ...] = (
    Entry("/", N_("工作台"), (Right.READ,)),
    Entry("/intake", N_("接单"), (Right.RECEIVE,)),
    Entry("/tickets", N_("工单"), (Right.READ,)),
    Entry("/work", N_("我的工单"), (Right.WORK,)),
    Entry("/shift", N_("当班"), (Right.SHIFT, Right.TAKE_OVER)),
    Entry("/night", N_("夜间值班"), (Right.SHIFT,)),
    Entry("/review", N_("早间查阅"), (Right.TAKE_OVER,)),
    Entry("/books", N_("记录册"), (Right.READ,)),
    Entry("/reports", N_("服务月报"), (Right.READ,)),
    Entry("/appraisal", N_("考评"), (Right.READ_TALLIES,)),
    Entry("/approvals", N_("待批"), TWO_PEOPLE),
    Entry("/events", N_("事件流"), (Right.AUDIT,)),
    Entry("/process", N_("流程"), (Right.AUDIT,)),
    Entry("/admin", N_("管理"), admin=True),
)
"""Entries in the order shown."""
