"""Communities, people, tokens, price lists and the access log as documents."""

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
    """People who are given work orders together (班组)."""

    community: str
    code: str
    members: list[str]


class ContractorAnswer(Answer):
    """An assignee without a login (外包单位)."""

    community: str
    code: str
    name: str


class CommunityAnswer(Answer):
    """A community (小区); ``settings`` are the readings it decided otherwise than the company."""

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
    """A dated role; both days are included, in the community's time zone. Community ``*`` is everywhere."""

    model_config = ConfigDict(validate_by_name=True, serialize_by_alias=True)

    id: UUID
    login: str
    role: t.Role
    community: str
    area: str | None
    valid_from: date = Field(alias="from")
    valid_to: date | None = Field(alias="to")


class PersonAnswer(Answer):
    """A member of staff with the roles ever granted."""

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
    """The price list in force in a community; ``own`` tells whether the community published its own."""

    community: str
    version: str
    own: bool
    services: list[PricedServiceAnswer]


class AccessAnswer(Answer):
    """One look at personal data (查阅记录); ``position`` is the access log's own."""

    position: int
    at: Moment
    who: str
    community: str
    what: str
    subjects: list[UUID]
    ticket: UUID | None
    detail: dict[str, str]


class MadeToken(TokenAnswer):
    """A token with its secret, which is shown this once."""

    token: str


class SessionAnswer(Answer):
    """Somebody signed in to the pages, without the secret of it; ``seen_at`` is within five minutes."""

    id: UUID
    login: str
    created_at: Moment
    seen_at: Moment
