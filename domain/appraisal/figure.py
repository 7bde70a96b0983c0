"""The figure (指标): one reported value of a period, with every value it had before (D2 项目 39, 43, 44; 加分项目 8, 9).

A community or one of its areas reports a metric of a month, a quarter or a year; a later value supersedes, nothing is edited. The
month's register check (登记本检查) is a figure too: how many errors it found, 0 earns B8.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import NAMESPACE_URL, UUID, uuid5

from domain.kernel.aggregate import Folded, FoldedState, register


def figure_stream(community: str, metric: str, period: str, area: str | None) -> UUID:
    """The stream of a figure: a metric of one period and place has one."""
    return uuid5(NAMESPACE_URL, f"gongdan:figure:{community}:{metric}:{period}:{area or ''}")


@dataclass(frozen=True, slots=True)
class Report:
    """A value as it was reported."""

    value: Decimal
    by: str
    at: datetime


@dataclass(frozen=True)
class FigureState(FoldedState):
    """A figure: ``period`` is ``2026-03``, ``2026-Q1`` or ``2026``; the last of ``reports`` counts."""

    id: UUID
    version: int
    community: str = ""
    metric: str = ""
    period: str = ""
    area: str | None = None
    reports: tuple[Report, ...] = ()

    @property
    def value(self) -> Decimal | None:
        """What counts now."""
        return self.reports[-1].value if self.reports else None


@register
class Figure(Folded[FigureState]):
    """One figure."""

    TOPIC = "figure"
    STATE = FigureState

    class Event(Folded.Event[FigureState]):
        """Base of a figure's events."""

        community: str

    class FigureReported(Event):
        """上报: a value, instead of the one before."""

        TOPIC = "figure.reported"
        metric: str
        period: str
        value: Decimal
        rule_book: str
        area: str | None = None

        def evolve(self, state: FigureState) -> FigureState:
            return state.with_(
                community=self.community,
                metric=self.metric,
                period=self.period,
                area=self.area,
                reports=(*state.reports, Report(self.value, self.meta.actor, self.timestamp)),
            )
