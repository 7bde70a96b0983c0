"""Simulated residents: drawn when needed, deterministic by the seed; each keeps their dwelling and telephone number."""

from dataclasses import dataclass, replace
from random import Random

from adapters.simulation.company.names import GIVEN, SURNAMES
from domain.ticket import commands as c

PHONES = 10_000
ON_THE_ROLL = 0.75
"""Probability that a new caller is in the household register, while somebody there has not called yet."""


@dataclass(frozen=True, slots=True)
class Building:
    """A residential building; ``doors``: dwellings on each floor of an entrance."""

    number: str
    area: str
    entrances: int = 2
    floors: int = 18
    doors: int = 4

    @property
    def dwellings(self) -> int:
        """Number of dwellings."""
        return self.entrances * self.floors * self.doors


@dataclass(frozen=True, slots=True)
class Resident:
    """A resident and their dwelling."""

    name: str
    phone: str
    area: str
    building: str
    entrance: str
    dwelling: str

    @property
    def place(self) -> c.Place:
        """The dwelling as a command's place."""
        return c.Place(area=self.area, building=self.building, entrance=self.entrance, dwelling=self.dwelling)

    @property
    def reporter(self) -> c.Reporter:
        """The resident as a command's reporter."""
        return c.Reporter(name=self.name, phone=self.phone)


class Residents:
    """Draws callers: mostly new ones, with probability ``again`` one who called before.

    Most new callers are among the residents settled beforehand, who are in the household register.
    """

    def __init__(self, buildings: tuple[Building, ...], random: Random, again: float = 0.0) -> None:
        self._buildings = buildings
        self._random = random
        self._again = again
        self._known: list[Resident] = []
        self._settled: list[Resident] = []
        self._homes: set[tuple[str, str, str]] = set()
        self._names: set[str] = set()
        self._phones: set[int] = set()

    def settle(self, count: int) -> list[Resident]:
        """Draw ``count`` residents, each in a dwelling of their own, before anybody calls."""
        self._settled = [person for _ in range(count) if (person := self._drawn(None)) is not None]
        return list(self._settled)

    def somebody(self, home: Resident) -> Resident:
        """Draw another person of a dwelling, who never calls."""
        return replace(home, name=self._name(), phone=self._phone())

    def namesake(self, home: Resident) -> Resident:
        """Draw a relative of a resident, with their surname and dwelling, who never calls."""
        while (other := self.somebody(home)).name[1:] == home.name[1:]:
            pass
        return replace(other, name=home.name[0] + other.name[1:])

    def new(self, area: str | None = None) -> Resident:
        """Draw a new caller of an area (None: any), in a dwelling not used before; a known caller when all are used."""
        resident = self._on_the_roll(area) or self._drawn(area)
        if resident is None:
            return self._random.choice([known for known in self._known if area in (None, known.area)])
        self._known.append(resident)
        return resident

    def _on_the_roll(self, area: str | None) -> Resident | None:
        here = [person for person in self._settled if area in (None, person.area)]
        if not here or self._random.random() >= ON_THE_ROLL:
            return None
        person = self._random.choice(here)
        self._settled.remove(person)
        return person

    def _drawn(self, area: str | None) -> Resident | None:
        home = self._home(area)
        if home is None:
            return None
        building, entrance, dwelling = home
        return Resident(self._name(), self._phone(), building.area, building.number, entrance, dwelling)

    def anybody(self) -> Resident:
        """Draw a caller of the estate, new or known."""
        if self._known and self._random.random() < self._again:
            return self._random.choice(self._known)
        return self.new()

    def _home(self, area: str | None) -> tuple[Building, str, str] | None:
        choice = [building for building in self._buildings if area in (None, building.area)]
        for _ in range(50):
            building = self._random.choice(choice)
            entrance = str(self._random.randint(1, building.entrances))
            dwelling = f"{self._random.randint(1, building.floors)}{self._random.randint(1, building.doors):02}"
            if (building.number, entrance, dwelling) not in self._homes:
                self._homes.add((building.number, entrance, dwelling))
                return building, entrance, dwelling
        return None

    def _name(self) -> str:
        for _ in range(50):
            name = self._random.choice(SURNAMES) + self._random.choice(GIVEN)
            if name not in self._names:
                break
        self._names.add(name)
        return name

    def _phone(self) -> str:
        for _ in range(50):
            number = self._random.randrange(PHONES)
            if number not in self._phones:
                break
        self._phones.add(number)
        return f"1380013{number:04}"
