"""Request bodies of the registry: communities, areas, teams, contractors, people, dated roles, tokens."""

from datetime import date
from typing import Annotated

from pydantic import ConfigDict, Field, JsonValue

from domain.kernel.terms import Role
from domain.kernel.values import Code, Login, Name, Value


class NewCommunity(Value):
    """A community. Its code and time zone can't be changed later."""

    code: Code
    name: Name
    timezone: Annotated[str, Field(max_length=60)] = "Asia/Shanghai"


class NewArea(Value):
    """An area of a community."""

    community: Code
    code: Code
    name: Name | None = None


class NewTeam(Value):
    """A team and its members. For an existing code it replaces the members."""

    community: Code
    code: Code
    members: Annotated[tuple[Login, ...], Field(min_length=1, max_length=50)]


class NewContractor(Value):
    """An outside contractor. It has no login."""

    community: Code
    code: Code
    name: Name


class NewSettings(Value):
    """Settings in which the community departs from the company's, by dotted name; null returns to the company's."""

    settings: Annotated[dict[str, JsonValue], Field(min_length=1, max_length=50)]


GrantCommunity = Annotated[str, Field(pattern=r"^(\*|[\w.\-]{1,40})$", description="the community's code, or * for everywhere")]


class NewPerson(Value):
    """A member of staff."""

    login: Login
    name: Name


class NewGrant(Value):
    """A dated role. Both days are included, in the community's time zone. Without ``from`` it begins today."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_by_name=False)

    login: Login
    role: Role
    community: GrantCommunity
    area: Annotated[str, Field(pattern=r"^[\w.\-]{1,40}$")] | None = None
    valid_from: date | None = Field(None, alias="from")
    valid_to: date | None = Field(None, alias="to")


class GrantEnd(Value):
    """The last day of a role."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_by_name=False)

    valid_to: date = Field(alias="to")


class NewToken(Value):
    """A token of a person, valid for ``days`` (null: until it is revoked)."""

    login: Login
    days: Annotated[int, Field(ge=1, le=3650)] | None = 365
