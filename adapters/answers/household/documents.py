"""Documents of the roll (住户名册) and the household history (住户档案), the same for the API and the command line."""

from datetime import date
from uuid import UUID

from pydantic import Field

from adapters.answers.documents import Answer, Moment
from adapters.answers.ticket.documents import LocationAnswer
from domain.kernel import terms as t


class DwellingAnswer(Answer):
    """A dwelling (户); its number is masked for those who may not open personal data."""

    id: UUID
    community: str
    area: str | None
    building: str
    entrance: str | None
    dwelling: str | None
    masked: bool
    version: int


class OccupancyAnswer(Answer):
    """What a person is to a dwelling; days are the community's, both included, null where not known or not ended."""

    id: UUID
    tenure: t.Tenure
    location: LocationAnswer
    since: date | None
    until: date | None
    current: bool = Field(description="whether it counts today")
    keys: int = Field(description="锁匙 · sets of keys received")


class HouseholdTicket(Answer):
    """A ticket, as a household's history tells of it."""

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
    """A person of the roll: 业主, 住户 or 租户 of the dwellings named."""

    id: UUID
    community: str
    name: str | None
    phone: str | None
    masked: bool
    occupancies: list[OccupancyAnswer]
    version: int


class ResidentDetail(ResidentAnswer):
    """A person with the last tickets about them, the latest first."""

    tickets: list[HouseholdTicket]


class PhoneAnswer(Answer):
    """Who has a phone (来电识别): several people may share it, and the clerk picks.

    ``callers`` are the last tickets of callers of that phone who are none of them.
    """

    position: int
    masked: bool
    people: list[ResidentDetail]
    callers: list[HouseholdTicket]


class BelongingAnswer(Answer):
    """Who belonged to a dwelling, as what and when."""

    resident: UUID
    name: str | None
    phone: str | None
    occupancy: OccupancyAnswer


class HouseholdHistoryAnswer(Answer):
    """What a dwelling has been through: its people, the earliest first, and the tickets about it, the latest first."""

    position: int
    masked: bool
    dwelling: DwellingAnswer
    people: list[BelongingAnswer]
    tickets: list[HouseholdTicket]
    next_cursor: str | None
