"""The community (小区): one estate, unit of appraisal and tenancy boundary, with areas, teams, contractors and settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from domain.kernel.aggregate import Folded, FoldedState, register

SCOPE = "community"
"""Scope in which community codes are reserved."""


def community_stream(code: str) -> UUID:
    """The id of a community's stream, derived from its code so that a code is registered only once."""
    return uuid5(NAMESPACE_URL, f"gongdan:community:{code}")


@dataclass(frozen=True)
class CommunityState(FoldedState):
    """A community. ``settings`` override the policy's readings by dotted name, ``calendar`` published days by ISO date.

    ``rule_books`` are scorecards (TOML) by the month (``YYYY-MM``) from which each applies.
    """

    id: UUID
    version: int
    code: str = ""
    name: str = ""
    timezone: str = "Asia/Shanghai"
    areas: Mapping[str, str] = field(default_factory=dict)
    teams: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    contractors: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    price_list: str | None = None
    calendar: Mapping[str, bool] = field(default_factory=dict)
    rule_books: Mapping[str, str] = field(default_factory=dict)


@register
class Community(Folded[CommunityState]):
    """One estate."""

    TOPIC = "community"
    STATE = CommunityState

    class Event(Folded.Event[CommunityState]):
        """Base of the community's events."""

    class CommunityRegistered(Event):
        """A community was registered; its code and time zone never change."""

        TOPIC = "community.registered"
        code: str
        name: str
        timezone: str

        def evolve(self, state: CommunityState) -> CommunityState:
            return state.with_(code=self.code, name=self.name, timezone=self.timezone)

    class AreaAdded(Event):
        """责任区: a part of the community that one administrator answers for."""

        TOPIC = "community.area_added"
        area: str
        name: str

        def evolve(self, state: CommunityState) -> CommunityState:
            return state.with_(areas={**state.areas, self.area: self.name})

    class TeamFormed(Event):
        """班组: people who can be given a work order together. Forming a team again replaces its members."""

        TOPIC = "community.team_formed"
        team: str
        members: tuple[str, ...]

        def evolve(self, state: CommunityState) -> CommunityState:
            return state.with_(teams={**state.teams, self.team: self.members})

    class ContractorRegistered(Event):
        """外包单位: an assignee without a login."""

        TOPIC = "community.contractor_registered"
        contractor: str
        name: str

        def evolve(self, state: CommunityState) -> CommunityState:
            return state.with_(contractors={**state.contractors, self.contractor: self.name})

    class SettingsChanged(Event):
        """The community's own readings, by dotted name; null restores the company's."""

        TOPIC = "community.settings_changed"
        settings: dict[str, Any]

        def evolve(self, state: CommunityState) -> CommunityState:
            merged = {**state.settings, **self.settings}
            return state.with_(settings={k: v for k, v in merged.items() if v is not None})

    class PriceListPublished(Event):
        """有偿服务收费标准: two people published a price list, as TOML text."""

        TOPIC = "community.price_list_published"
        text: str

        def evolve(self, state: CommunityState) -> CommunityState:
            return state.with_(price_list=self.text)

    class RuleBookPublished(Event):
        """岗位目标责任书: two people published a scorecard, as TOML text, that applies from the first day of a month."""

        TOPIC = "community.rule_book_published"
        text: str
        rule_book: str
        from_month: str

        def evolve(self, state: CommunityState) -> CommunityState:
            return state.with_(rule_books={**state.rule_books, self.from_month: self.text})

    class CalendarOverridden(Event):
        """工作日历调整: two people made a day a workday or a day off, against the published calendar; None restores it."""

        TOPIC = "community.calendar_overridden"
        date: date
        works: bool | None
        reason: str

        def evolve(self, state: CommunityState) -> CommunityState:
            calendar = {day: works for day, works in state.calendar.items() if day != self.date.isoformat()}
            if self.works is not None:
                calendar[self.date.isoformat()] = self.works
            return state.with_(calendar=calendar)
