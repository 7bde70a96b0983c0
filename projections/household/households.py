"""Queries on the household history (住户档案): dwellings, people, the people with a phone, a dwelling's history."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from projections.engine.tables import Table
from projections.engine.view import Params, Reader
from projections.household.household_history import (
    CALLER,
    DWELLINGS,
    NUMBER,
    OCCUPANCIES,
    PHONE,
    RESIDENTS,
    TICKETS,
    DwellingRow,
    HouseholdTicketRow,
    OccupancyRow,
    ResidentRow,
    occupancy_field,
)

LAST = 3
"""Number of a person's latest tickets shown at a look-up."""


@dataclass(frozen=True, slots=True)
class Dwellings:
    """A page of dwellings in the order of their entry, at ``position``; ``more`` says that others follow."""

    position: int
    items: Sequence[DwellingRow]
    more: bool


@dataclass(frozen=True, slots=True)
class Person:
    """A person with their occupancies and their latest tickets."""

    row: ResidentRow
    occupancies: Sequence[OccupancyRow]
    tickets: Sequence[HouseholdTicketRow] = ()


@dataclass(frozen=True, slots=True)
class People:
    """People at ``position``.

    ``callers`` are the latest tickets of callers with the phone sought who are none of these people.
    """

    position: int
    items: Sequence[Person]
    more: bool = False
    callers: Sequence[HouseholdTicketRow] = ()


@dataclass(frozen=True, slots=True)
class History:
    """A dwelling's people, the earliest first, and its tickets, the latest first."""

    position: int
    dwelling: DwellingRow
    people: Sequence[Person]
    tickets: Sequence[HouseholdTicketRow]
    more: bool


@dataclass(frozen=True, slots=True)
class Place:
    """Filters: building, entrance, areas (None: everywhere), and the day on which people must belong there."""

    building: str | None = None
    entrance: str | None = None
    areas: Sequence[str] | None = None
    on: date | None = None

    def where(self, params: Params) -> list[str]:
        """The filters as SQL conditions."""
        found = []
        for name in ("building", "entrance"):
            if getattr(self, name) is not None:
                params[name] = getattr(self, name)
                found.append(f"{name} = :{name}")
        if self.areas is not None:
            params["areas"] = list(self.areas)
            found.append("area IN :areas")
        if self.on is not None:
            params["day"] = self.on.isoformat()
            found.append("(since IS NULL OR since <= :day) AND (until IS NULL OR until >= :day)")
        return found


async def dwellings(reader: Reader, community: str, place: Place, *, after: int = 0, limit: int = 50) -> Dwellings:
    """Dwellings of a community. ``after`` is the position to continue from."""
    params: Params = {"community": community, "after": after, "limit": limit + 1}
    where = " AND ".join(["community = :community", "first_position > :after", *place.where(params)])
    sql = f"SELECT {DWELLINGS.listed} FROM {{dwellings}} WHERE {where} ORDER BY first_position LIMIT :limit"
    answer = await reader.read([(sql, params)])
    rows = _rows(DWELLINGS, answer.results[0])
    return Dwellings(answer.position, rows[:limit], len(rows) > limit)


async def residents(reader: Reader, community: str, place: Place, *, after: int = 0, limit: int = 50) -> People:
    """People of a community; with filters, those with a present or past dwelling inside them."""
    params: Params = {"community": community, "after": after, "limit": limit + 1}
    bounds = place.where(params)
    where = ["community = :community", "first_position > :after"]
    if bounds:
        where.append(
            f"resident IN (SELECT resident FROM {{occupancies}} WHERE community = :community AND {' AND '.join(bounds)})"
        )
    sql = f"SELECT {RESIDENTS.listed} FROM {{residents}} WHERE {' AND '.join(where)} ORDER BY first_position LIMIT :limit"
    answer = await reader.read([(sql, params)])
    rows = _rows(RESIDENTS, answer.results[0])
    return People(answer.position, await _people(reader, rows[:limit]), len(rows) > limit)


async def resident(reader: Reader, resident: UUID) -> Person | None:
    """A person with their latest tickets; None if there is none."""
    sql = f"SELECT {RESIDENTS.listed} FROM {{residents}} WHERE resident = :resident"
    answer = await reader.read([(sql, {"resident": resident.bytes})])
    found = await _people(reader, _rows(RESIDENTS, answer.results[0]), tickets=True)
    return found[0] if found else None


async def by_phone(reader: Reader, community: str, token: bytes) -> People:
    """The people with this phone and their latest tickets, and the latest tickets of unlinked callers with it."""
    params: Params = {"community": community, "token": token, "phone": PHONE, "caller": CALLER, "last": LAST}
    having = "SELECT stream FROM {household_tokens} WHERE community = :community AND token = :token AND field = "
    people = f"SELECT {RESIDENTS.listed} FROM {{residents}} WHERE resident IN ({having}:phone) ORDER BY first_position"
    callers = (
        f"SELECT {TICKETS.listed} FROM {{household_tickets}} WHERE ticket IN ({having}:caller)"
        " AND (subject IS NULL OR subject NOT IN (SELECT subject FROM {roll_subjects}"
        f" WHERE resident IN ({having}:phone))) ORDER BY first_position DESC LIMIT :last"
    )
    answer = await reader.read([(people, params), (callers, params)])
    found = await _people(reader, _rows(RESIDENTS, answer.results[0]), tickets=True)
    return People(answer.position, found, False, _rows(TICKETS, answer.results[1]))


async def history(reader: Reader, dwelling: DwellingRow, token: bytes, *, before: int | None = None, limit: int = 50) -> History:
    """A dwelling's people and tickets. ``token`` is the keyed token of its number."""
    params: Params = {
        "community": dwelling.community,
        "building": dwelling.building,
        "entrance": dwelling.entrance,
        "token": token,
        "number": NUMBER,
        "before": 2**62 if before is None else before,
        "limit": limit + 1,
    }
    entrance = "entrance IS NULL" if dwelling.entrance is None else "entrance = :entrance"
    here = f"community = :community AND building = :building AND {entrance}"
    having = "SELECT stream FROM {household_tokens} WHERE community = :community AND token = :token"
    occupancies = f"SELECT {OCCUPANCIES.listed} FROM {{occupancies}} WHERE {here} AND resident IN ({having})"
    fields = "SELECT stream, field FROM {household_tokens} WHERE community = :community AND token = :token"
    tickets = (
        f"SELECT {TICKETS.listed} FROM {{household_tickets}} WHERE {here} AND ticket IN ({having} AND field = :number)"
        " AND first_position < :before ORDER BY first_position DESC LIMIT :limit"
    )
    answer = await reader.read([(occupancies, params), (fields, params), (tickets, params)])
    found = {(stream, name) for stream, name in answer.results[1]}
    rows = [row for row in _rows(OCCUPANCIES, answer.results[0]) if (row.resident.bytes, occupancy_field(row.occupancy)) in found]
    people = await _named(reader, {row.resident for row in rows})
    belonging = [
        Person(people[row.resident], [row])
        for row in sorted(rows, key=lambda row: (row.since or date.min, row.ordinal))
        if row.resident in people
    ]
    listed = _rows(TICKETS, answer.results[2])
    return History(answer.position, dwelling, belonging, listed[:limit], len(listed) > limit)


async def dwelling(reader: Reader, dwelling: UUID) -> DwellingRow | None:
    """A dwelling; None if there is none."""
    sql = f"SELECT {DWELLINGS.listed} FROM {{dwellings}} WHERE dwelling = :dwelling"
    rows = _rows(DWELLINGS, (await reader.read([(sql, {"dwelling": dwelling.bytes})])).results[0])
    return rows[0] if rows else None


async def _named(reader: Reader, wanted: set[UUID]) -> dict[UUID, ResidentRow]:
    sql = f"SELECT {RESIDENTS.listed} FROM {{residents}} WHERE resident IN :wanted"
    rows = (await reader.read([(sql, {"wanted": [one.bytes for one in wanted]})])).results[0] if wanted else []
    return {row.resident: row for row in _rows(RESIDENTS, rows)}


async def _people(reader: Reader, rows: Sequence[ResidentRow], *, tickets: bool = False) -> list[Person]:
    """People with their occupancies and, if ``tickets``, their latest tickets."""
    if not rows:
        return []
    sql = f"SELECT {OCCUPANCIES.listed} FROM {{occupancies}} WHERE resident IN :wanted ORDER BY ordinal"
    last = (
        f"SELECT {TICKETS.listed} FROM {{household_tickets}}"
        " WHERE subject IN (SELECT subject FROM {roll_subjects} WHERE resident = :resident)"
        " ORDER BY first_position DESC LIMIT :last"
    )
    statements: list[tuple[str, Params]] = [(sql, {"wanted": [row.resident.bytes for row in rows]})]
    if tickets:
        statements += [(last, {"resident": row.resident.bytes, "last": LAST}) for row in rows]
    belonging, *theirs = (await reader.read(statements)).results
    occupancies: dict[UUID, list[OccupancyRow]] = {}
    for one in _rows(OCCUPANCIES, belonging):
        occupancies.setdefault(one.resident, []).append(one)
    lasts = [_rows(TICKETS, found) for found in theirs] or [[] for _ in rows]
    return [Person(row, occupancies.get(row.resident, []), found) for row, found in zip(rows, lasts, strict=True)]


def _rows(table: Table[Any], rows: Sequence[Any]) -> list[Any]:
    return [table.decode(row) for row in rows]
