"""Documents of communities, people, tokens, sessions, price lists and the access log."""

from datetime import date
from typing import Any
from uuid import UUID

from pydantic import ConfigDict, Field

from adapters.answers.documents import Answer, Moment
from domain.kernel import terms as t


class AreaAnswer(Answer):
    """A part of a community that one administrator answers for (责任区)."""

    community: str
    code: str
    name: str


class TeamAnswer(Answer):
    """People to whom work orders are dispatched together (班组)."""

    community: str
    code: str
    members: list[str]


class ContractorAnswer(Answer):
    """An assignee without a login (外包单位)."""

    community: str
    code: str
    name: str


class CommunityAnswer(Answer):
    """A community (小区). ``settings`` are those in which it departs from the company's."""

    code: str
    name: str
    timezone: str
    areas: list[AreaAnswer]
    teams: list[TeamAnswer]
    contractors: list[ContractorAnswer]
    settings: dict[str, Any]
    price_list: str
    version: int


class GrantAnswer(Answer):
    """A dated role. Both days are included, in the community's time zone. Community ``*`` means everywhere."""

    model_config = ConfigDict(validate_by_name=True, serialize_by_alias=True)

    id: UUID
    login: str
    role: t.Role
    community: str
    area: str | None
    valid_from: date = Field(alias="from")
    valid_to: date | None = Field(alias="to")


class PersonAnswer(Answer):
    """A member of staff with every role granted, past ones included."""

    login: str
    name: str
    enabled: bool
    grants: list[GrantAnswer]
    version: int


class TokenAnswer(Answer):
    """An API token, without its secret."""

    id: UUID
    login: str
    created_at: Moment
    expires_at: Moment | None
    revoked_at: Moment | None


class PricedServiceAnswer(Answer):
    """One line of a price list (有偿服务收费标准)."""

    code: str
    name: str
    unit: str
    unit_price_fen: int


class PriceListAnswer(Answer):
    """The price list in force in a community; ``own`` where the community published it, else it is the company's."""

    community: str
    version: str
    own: bool
    services: list[PricedServiceAnswer]


class AccessAnswer(Answer):
    """An entry of the access log (查阅记录): personal data was opened. ``position`` counts entries of the access log."""

    position: int
    at: Moment
    who: str
    community: str
    what: str
    subjects: list[UUID]
    ticket: UUID | None
    detail: dict[str, str]


class MadeToken(TokenAnswer):
    """A new token with its secret, which only this answer shows."""

    token: str


class SessionAnswer(Answer):
    """A session on the pages, without its secret. ``seen_at`` is exact to five minutes."""

    id: UUID
    login: str
    created_at: Moment
    seen_at: Moment
