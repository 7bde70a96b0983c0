"""Texts of a simulation, from ``texts/*.toml``; read and validated once."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict

from domain.kernel.terms import Condition, Facility

Lines = tuple[str, ...]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Case(_Part):
    """One repair: the report (``told``), the resolution (``done``), the parts, and the paid service if it is one."""

    told: str
    done: str
    parts: Lines = ()
    service: str | None = None


class Repair(_Part):
    """Repairs of one sort. ``minutes``: shortest and longest duration; ``season``: frequency in summer and in winter.

    ``places``: public places (``in_building``: within some building); none for repairs at home.
    """

    category: str
    skill: str
    minutes: tuple[int, int]
    cases: tuple[Case, ...]
    facility: Facility = Facility.PRIVATE
    places: Lines = ()
    in_building: bool = False
    contractor: str | None = None
    urgent: bool = False
    season: tuple[float, float] = (1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Trouble:
    """One case of a sort of repairs."""

    of: Repair
    case: Case


def troubles(repairs: Iterable[Repair], *, urgent: bool) -> list[Trouble]:
    """All cases of the urgent repairs, or of the others."""
    return [Trouble(repair, case) for repair in repairs if repair.urgent is urgent for case in repair.cases]


class Matter(_Part):
    """A request for the desk: what is asked (``told``), the immediate answer to a complaint, and the resolution (``done``).

    ``guard``: a guard goes at once; ``hours``: when such requests come.
    """

    category: str
    told: str
    done: str
    reply: str = ""
    guard: bool = False
    hours: Literal["day", "night", "any"] = "day"


class Renovation(_Part):
    """A renovation (装修) and its duration in days."""

    category: str
    told: str
    days: int


class Finding(_Part):
    """A finding of an inspection (巡检), by the scorecard's item."""

    item: str
    category: str
    found: str
    order: str
    places: Lines


class Disagreement(_Part):
    """An incoming officer's objection to a sheet, and the correction in the next sheet."""

    reason: str
    thing: str
    condition: Condition
    remark: str


class Matters(_Part):
    complaints: tuple[Matter, ...]
    assistance: tuple[Matter, ...]
    enquiries: tuple[Matter, ...]
    visits: tuple[Matter, ...]
    others: tuple[Matter, ...]


class Sayings(_Part):
    tails: Lines
    replies: Lines
    praise: Lines
    thanks: Lines
    dissatisfied: Lines
    displeased: Lines
    reworked: Lines
    reopenings: Lines
    declines: Lines
    parts_awaited: Lines
    nobody_home: Lines
    shortages: Lines
    escalations: Lines
    urgings: Lines
    night_lines: Lines
    day_lines: Lines
    remarks: Lines
    read: Lines
    rectifications: Lines
    major_works: Lines
    move_ins: Lines
    defects: Lines
    logged: Lines
    withdrawn: Lines
    mediated: Lines
    warned: Lines
    accepted: Lines
    moved_in: Lines
    put_right: Lines
    mended: Lines
    renovations: tuple[Renovation, ...]
    findings: tuple[Finding, ...]
    leaves: Lines
    disputes: tuple[Disagreement, ...]
    evidence: dict[str, Lines]


class _Repairs(_Part):
    repairs: tuple[Repair, ...]


class Texts:
    """All texts; each file is read at first use."""

    @cached_property
    def at_home(self) -> tuple[Repair, ...]:
        """Repairs at home (报修)."""
        return _Repairs.model_validate(_read("repairs_at_home")).repairs

    @cached_property
    def in_public(self) -> tuple[Repair, ...]:
        """Repairs of common parts (报修)."""
        return _Repairs.model_validate(_read("repairs_in_public")).repairs

    @cached_property
    def matters(self) -> Matters:
        """Requests for the desk."""
        return Matters.model_validate(_read("matters"))

    @cached_property
    def say(self) -> Sayings:
        """All other texts."""
        return Sayings.model_validate(_read("sayings"))


def _read(name: str) -> dict[str, object]:
    return tomllib.loads((files("adapters.simulation") / "texts" / f"{name}.toml").read_text(encoding="utf-8"))


TEXTS = Texts()
