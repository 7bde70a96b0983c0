"""What people say and do in a simulation: the texts of ``texts/*.toml``, read and checked once."""

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
    """One thing to repair: what is told, what is done, the parts for it and the paid service it is."""

    told: str
    done: str
    parts: Lines = ()
    service: str | None = None


class Repair(_Part):
    """Things to repair of one sort. ``skill`` says who can, ``minutes`` how long it takes, ``season`` how often in summer and
    in winter; ``places`` are public ones (``in_building``: of some building), without any it is at home."""

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
    """Every case, of the urgent ones or of the others."""
    return [Trouble(repair, case) for repair in repairs if repair.urgent is urgent for case in repair.cases]


class Matter(_Part):
    """Something for the desk: what is asked, what is answered at once (complaints), and how it ended.

    ``guard``: a guard goes at once; ``hours``: when it comes.
    """

    category: str
    told: str
    done: str
    reply: str = ""
    guard: bool = False
    hours: Literal["day", "night", "any"] = "day"


class Building(_Part):
    """Something to be built (装修), and for how many days."""

    category: str
    told: str
    days: int


class Finding(_Part):
    """Something an inspection finds (巡检), by the scorecard's item."""

    item: str
    category: str
    found: str
    order: str
    places: Lines


class Disagreement(_Part):
    """What an incoming officer finds wrong with a sheet, and how the next sheet puts it right."""

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
    renovations: tuple[Building, ...]
    findings: tuple[Finding, ...]
    leaves: Lines
    disputes: tuple[Disagreement, ...]
    evidence: dict[str, Lines]


class _Repairs(_Part):
    repairs: tuple[Repair, ...]


class Texts:
    """Every text, each file read when it is first asked for."""

    @cached_property
    def at_home(self) -> tuple[Repair, ...]:
        """报修 of flats."""
        return _Repairs.model_validate(_read("repairs_at_home")).repairs

    @cached_property
    def in_public(self) -> tuple[Repair, ...]:
        """报修 of common parts."""
        return _Repairs.model_validate(_read("repairs_in_public")).repairs

    @cached_property
    def matters(self) -> Matters:
        """What residents bring to the desk."""
        return Matters.model_validate(_read("matters"))

    @cached_property
    def say(self) -> Sayings:
        """What is said besides."""
        return Sayings.model_validate(_read("sayings"))


def _read(name: str) -> dict[str, object]:
    return tomllib.loads((files("adapters.simulation") / "texts" / f"{name}.toml").read_text(encoding="utf-8"))


TEXTS = Texts()
