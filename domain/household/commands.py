"""Commands of the household register (住户名册): dwellings, people, moving in and out, keys, linked callers.

An ``occupancy`` is named by its id, as in a person's ``occupancies[].id``.
"""

from datetime import date
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator

from domain.kernel.terms import Tenure
from domain.kernel.values import Code, Name, Phone, TicketRef, Value


def _in_reach(day: date) -> date:
    """Refuse days so far away that adding to them could leave the calendar."""
    if not 1900 <= day.year < 2200:
        raise ValueError("lies outside the years 1900 to 2199")
    return day


Day = Annotated[date, AfterValidator(_in_reach)]
"""A day of the community's calendar."""
Keys = Annotated[int, Field(ge=1, le=99)]
"""Sets of keys (锁匙)."""


class Address(Value):
    """A dwelling's address, as the household register has it."""

    building: Code
    entrance: Code | None = None
    dwelling: Code


class AddDwelling(Address):
    """Add a dwelling (户) to a community."""

    community: Code
    area: Code | None = None


class MoveIn(Address):
    """入住: a person becomes owner (业主), resident (住户) or tenant (租户) of a dwelling.

    ``keys`` counts the sets received then.
    """

    tenure: Tenure
    since: Day | None = None
    keys: Keys | None = None


class RegisterResident(Value):
    """Register a person (业主、住户、租户) with their first dwelling, which must be in the household register."""

    community: Code
    name: Name
    phone: Phone | None = None
    home: MoveIn


class RegisterLine(Address):
    """One line of an imported register: a dwelling, and possibly one person who belongs to it.

    ``keys`` is the total number of sets of keys the person has received.
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
        """Refuse details of a person without a name, and a person without a tenure."""
        said = [field for field in ("phone", "tenure", "since", "until", "keys") if getattr(self, field) is not None]
        if self.name is None and said:
            raise ValueError(f"{', '.join(said)} without a name")
        if self.name is not None and self.tenure is None:
            raise ValueError("a person is one of owner, resident, tenant (业主、住户、租户)")
        if self.since is not None and self.until is not None and self.until < self.since:
            raise ValueError("until lies before since")
        return self


class MoveOut(Value):
    """迁出: ``until`` is the last day, included."""

    occupancy: UUID
    until: Day


class ReceiveKeys(Value):
    """锁匙交收: receive further sets of keys."""

    occupancy: UUID
    keys: Keys
    received_on: Day | None = None


class CorrectContact(Value):
    """Correct a name or phone; fields left out stay as they are."""

    name: Name | None = None
    phone: Phone | None = None


class LinkCaller(Value):
    """Declare the caller of a ticket to be this person."""

    ticket: TicketRef
