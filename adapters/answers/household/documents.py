"""Documents of the household register (住户名册) and the household history (住户档案), for the API and the command line."""

from datetime import date
from uuid import UUID

from pydantic import Field

from adapters.answers.documents import Answer, Moment
from adapters.answers.ticket.documents import LocationAnswer
from domain.kernel import terms as t


class DwellingAnswer(Answer):
    """A dwelling (户). Its number is masked for those who may not open personal data."""

    id: UUID
    community: str
    area: str | None
    building: str
    entrance: str | None
    dwelling: str | None
    masked: bool
    version: int


class OccupancyAnswer(Answer):
    """A person's occupancy of a dwelling, as owner, resident or tenant.

    ``since`` and ``until`` are calendar days of the community, both included; null where unknown or not ended.
    """

    id: UUID
    tenure: t.Tenure
    location: LocationAnswer
    since: date | None
    until: date | None
    current: bool = Field(description="whether it counts today")
    keys: int = Field(description="锁匙 · sets of keys received")


class HouseholdTicket(Answer):
    """A ticket in a household's history."""

    id: UUID
    number: str | None
    book_number: str | None
    state: t.State
    kind: t.Kind | None
    category: str | None
    description: str | None
    received_at: Moment
    closed_at: Moment | None
    rework: int
    rating: int | None


class ResidentAnswer(Answer):
    """A person of the household register: owner (业主), resident (住户) or tenant (租户) of the dwellings named."""

    id: UUID
    community: str
    name: str | None
    phone: str | None
    masked: bool
    occupancies: list[OccupancyAnswer]
    version: int


class ResidentDetail(ResidentAnswer):
    """A person with their last tickets, the latest first."""

    tickets: list[HouseholdTicket]


class PhoneAnswer(Answer):
    """Everybody with a phone number (来电识别). Several people may share it; the clerk picks.

    ``callers`` are the last tickets of callers with this number who are none of these people.
    """

    position: int
    masked: bool
    people: list[ResidentDetail]
    callers: list[HouseholdTicket]


class BelongingAnswer(Answer):
    """A person who belongs or belonged to a dwelling, as what and when."""

    resident: UUID
    name: str | None
    phone: str | None
    occupancy: OccupancyAnswer


class HouseholdHistoryAnswer(Answer):
    """History of a dwelling: its people, the earliest first, and its tickets, the latest first."""

    position: int
    masked: bool
    dwelling: DwellingAnswer
    people: list[BelongingAnswer]
    tickets: list[HouseholdTicket]
    next_cursor: str | None
