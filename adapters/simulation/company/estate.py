"""Simulated estates (小区): areas, buildings, staff and contractors."""

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count as numbers
from random import Random

from adapters.simulation.company.names import ESTATES, MEN, STAFF_SURNAMES, WOMEN
from adapters.simulation.company.residents import Building
from domain.kernel.terms import Role

PLUMBING, ELECTRICAL, CARPENTRY, HVAC = "plumbing", "electrical", "carpentry", "hvac"
ZONE = "Asia/Shanghai"
CONTRACTORS = {"lift": "宏达电梯维保公司", "greening": "绿源园林保洁公司"}
PLUMBERS = "水电"
ORDINALS = "东西南北中"


@dataclass(frozen=True, slots=True)
class Member:
    """A member of staff and their one post: in an ``area``, in the whole community (None), or in all (``company``).

    ``skills``: of a technician; ``nights``: takes turns at the night desk (夜间值班).
    """

    login: str
    name: str
    role: Role
    area: str | None = None
    company: bool = False
    skills: tuple[str, ...] = ()
    nights: bool = False


@dataclass(frozen=True)
class Estate:
    """One community; ``calls``: its average number of requests a day."""

    code: str
    name: str
    areas: Mapping[str, str]
    buildings: tuple[Building, ...]
    staff: tuple[Member, ...]
    calls: float
    contractors: Mapping[str, str] = field(default_factory=lambda: CONTRACTORS)

    @property
    def plumbers(self) -> tuple[str, ...]:
        """The members of the team 水电 (:data:`PLUMBERS`): every technician with plumbing among the skills."""
        return tuple(member.login for member in self.staff if PLUMBING in member.skills)

    @property
    def homes(self) -> tuple[str, ...]:
        """Codes of the residential areas."""
        return tuple(dict.fromkeys(building.area for building in self.buildings))

    def of(self, role: Role) -> tuple[Member, ...]:
        """The staff with a role, in the order they were drawn: technicians as :data:`SKILLS` lists them."""
        return tuple(member for member in self.staff if member.role is role)


COMPANY_POSTS = (Role.APPRAISER, Role.AUDITOR, Role.PRIVACY_OFFICER)
POSTS: tuple[tuple[Role, int], ...] = (
    (Role.ASSISTANT, 3),
    (Role.TECHNICIAN, 7),
    (Role.CONTROL_ROOM, 3),
    (Role.SECURITY, 3),
    (Role.SUPERVISOR, 1),
    (Role.DIRECTOR, 1),
    (Role.FINANCE, 1),
    (Role.HR, 1),
)
SKILLS = (
    (PLUMBING, ELECTRICAL),
    (PLUMBING, ELECTRICAL),
    (PLUMBING, ELECTRICAL, HVAC),
    (PLUMBING, ELECTRICAL, HVAC),
    (CARPENTRY, HVAC),
    (PLUMBING, CARPENTRY),
    (ELECTRICAL, CARPENTRY, HVAC),
)
"""Skills by a technician's place in the list; the first :data:`NIGHT_TURNS` of them take turns at night."""
NIGHT_TURNS = 3
MOSTLY_WOMEN = (Role.ASSISTANT, Role.BUTLER, Role.FINANCE, Role.HR)


def estates(count: int, random: Random, codes: Container[str] = (), logins: Iterable[str] = ()) -> list[Estate]:
    """Draw ``count`` estates of different sizes, without the ``codes`` and ``logins`` in use.

    The first estate also employs the company's own people.
    """
    people = _People(random, logins)
    company = tuple(people.member(role, company=True) for role in COMPANY_POSTS)
    free = (number for number in numbers(1) if _code(number) not in codes)
    return [_drawn(number, random, people, () if place else company) for place, number in zip(range(count), free, strict=False)]


def _code(number: int) -> str:
    return f"S{number:02}"


def _drawn(number: int, random: Random, people: "_People", company: tuple[Member, ...]) -> Estate:
    areas: dict[str, str] = {}
    buildings: list[Building] = []
    for area in range(random.randint(1, 4)):
        code, block = f"A{area + 1}", random.randint(3, 5)
        first = len(buildings) + 1
        areas[code] = f"{ORDINALS[area]}区（{first}–{first + block - 1} 栋）"
        floors = random.choice((11, 18, 26))
        buildings += [Building(str(first + i), code, 2, floors, 4) for i in range(block)]
    homes = tuple(areas)
    areas[f"A{len(areas) + 1}"] = "商业街与地下车库"
    staff = [*company, *(people.member(Role.BUTLER, area=area) for area in homes)]
    for role, wanted in POSTS:
        for place in range(wanted):
            skills = SKILLS[place] if role is Role.TECHNICIAN else ()
            staff.append(people.member(role, skills=skills, nights=role is Role.TECHNICIAN and place < NIGHT_TURNS))
    series, name = divmod(number - 1, len(ESTATES))
    dwellings = sum(building.dwellings for building in buildings)
    called = ESTATES[name] + (f"{series + 1} 期" if series else "")
    return Estate(_code(number), called, areas, tuple(buildings), tuple(staff), round(dwellings * CALLS_A_DWELLING, 2))


CALLS_A_DWELLING = 0.006
"""Requests per dwelling and day: about one in half a year."""


class _People:
    """Draws members of staff, with logins unique across all estates."""

    def __init__(self, random: Random, logins: Iterable[str]) -> None:
        self._random = random
        self._names: set[str] = set()
        self._logins = set(logins)

    def member(
        self, role: Role, area: str | None = None, company: bool = False, skills: tuple[str, ...] = (), nights: bool = False
    ) -> Member:
        for _ in range(20):
            name, spelt = self._name(role)
            if name not in self._names:
                break
        self._names.add(name)
        login = next(free for free in _numbered(spelt) if free not in self._logins)
        self._logins.add(login)
        return Member(login, name, role, area, company, skills, nights)

    def _name(self, role: Role) -> tuple[str, str]:
        surname, family = self._random.choice(STAFF_SURNAMES)
        given, spelt = self._random.choice(WOMEN if role in MOSTLY_WOMEN else MEN)
        return surname + given, f"{family}.{spelt}"


def _numbered(login: str) -> Iterator[str]:
    yield login
    yield from (f"{login}{number}" for number in numbers(2))
