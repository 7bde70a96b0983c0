"""What can be asked of the roll (住户名册): dwellings, people, moving in and out, keys, callers who turn out to be somebody.

``occupancy`` is ``occupancies[].id`` of the person.
"""

from datetime import date
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator

from domain.kernel.terms import Tenure
from domain.kernel.values import Code, Name, Phone, TicketRef, Value


def _in_reach(day: date) -> date:
    """Refuse days that no calendar arithmetic could take."""
    if not 1900 <= day.year < 2200:
        raise ValueError("lies outside the years 1900 to 2199")
    return day


Day = Annotated[date, AfterValidator(_in_reach)]
"""A day of the community's calendar."""
Keys = Annotated[int, Field(ge=1, le=99)]
"""Sets of keys (锁匙)."""


class Address(Value):
    """Which dwelling, as it stands in the roll."""

    building: Code
    entrance: Code | None = None
    dwelling: Code


class AddDwelling(Address):
    """A dwelling (户) of a community, perhaps in an area."""

    community: Code
    area: Code | None = None


class MoveIn(Address):
    """入住: somebody becomes owner (业主), resident (住户) or tenant (租户) of a dwelling; ``keys`` they received then."""

    tenure: Tenure
    since: Day | None = None
    keys: Keys | None = None


class RegisterResident(Value):
    """A person (业主、住户、租户) with the first of their dwellings, which stands in the roll."""

    community: Code
    name: Name
    phone: Phone | None = None
    home: MoveIn


class RollLine(Address):
    """One line of a register that is imported: a dwelling, and perhaps one person who belongs to it.

    ``keys`` is how many sets of keys they have received altogether.
    """

    area: Code | None = None
    name: Name | None = None
    phone: Phone | None = None
    tenure: Tenure | None = None
    since: Day | None = None
    until: Day | None = None
    keys: Keys | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        """Whatever is said of a person needs the person; a person needs to be something to the dwelling."""
        said = [field for field in ("phone", "tenure", "since", "until", "keys") if getattr(self, field) is not None]
        if self.name is None and said:
            raise ValueError(f"{', '.join(said)} without a name")
        if self.name is not None and self.tenure is None:
            raise ValueError("a person is one of owner, resident, tenant (业主、住户、租户)")
        if self.since is not None and self.until is not None and self.until < self.since:
            raise ValueError("until lies before since")
        return self


class MoveOut(Value):
    """迁出: the last day, included."""

    occupancy: UUID
    until: Day


class ReceiveKeys(Value):
    """锁匙交收: so many more sets of keys."""

    occupancy: UUID
    keys: Keys
    received_on: Day | None = None


class CorrectContact(Value):
    """Another name or phone; what is left out stays."""

    name: Name | None = None
    phone: Phone | None = None


class LinkCaller(Value):
    """The caller of this ticket is that person."""

    ticket: TicketRef
