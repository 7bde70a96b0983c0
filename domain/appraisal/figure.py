"""The figure (指标): a reported value of a period, with all its earlier values (D2 项目 39, 43, 44; 加分项目 8, 9).

A community or an area reports a metric of a month, quarter or year. A later value replaces an earlier one; nothing is edited. The
month's register check (登记本检查) is a figure too: the number of errors found, of which 0 earns B8.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import NAMESPACE_URL, UUID, uuid5

from domain.kernel.aggregate import Folded, FoldedState, register


def figure_stream(community: str, metric: str, period: str, area: str | None) -> UUID:
    """The id of a figure's stream: one for each metric, period and place."""
    return uuid5(NAMESPACE_URL, f"gongdan:figure:{community}:{metric}:{period}:{area or ''}")


@dataclass(frozen=True, slots=True)
class Report:
    """A reported value."""

    value: Decimal
    by: str
    at: datetime


@dataclass(frozen=True)
class FigureState(FoldedState):
    """A figure; ``period`` is ``2026-03``, ``2026-Q1`` or ``2026``. The last report counts."""

    id: UUID
    version: int
    community: str = ""
    metric: str = ""
    period: str = ""
    area: str | None = None
    reports: tuple[Report, ...] = ()

    @property
    def value(self) -> Decimal | None:
        """The value that counts."""
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
        """上报: a value, which replaces the one before."""

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
