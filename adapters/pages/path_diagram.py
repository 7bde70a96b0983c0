"""The lifecycle with the path one ticket took: our own SVG on a fixed map of places, in the page itself.

A state or an edge of the table without a place here is an error (``KeyError``), so the picture can't fall behind the law.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from types import MappingProxyType

from markupsafe import Markup

from adapters.diagram import Edge, ways
from adapters.pages.environment import Words
from domain.terms import State, Trigger

WIDTH, HEIGHT = 700, 156
HALF = (48, 17)
"""Half the width and height of a state's box."""

_R, _C, _D, _W, _F, _X = State.RECEIVED, State.CLASSIFIED, State.DISPATCHED, State.REPAIRED, State.FOLLOWED_UP, State.CANCELLED
_T = Trigger

PLACES: Mapping[State, tuple[int, int]] = MappingProxyType(
    {_R: (66, 58), _C: (204, 58), _D: (342, 58), _W: (480, 58), _F: (618, 58), _X: (204, 136)}
)
"""The middle of each state's box."""

WAYS: Mapping[Edge, str] = MappingProxyType(
    {
        Edge(None, _R, _T.RECEIVE): "M 2 58 L 18 58",
        Edge(_R, _C, _T.CLASSIFY): "M 114 58 L 156 58",
        Edge(_C, _D, _T.DISPATCH): "M 252 52 L 294 52",
        Edge(_D, _C, _T.DECLINE): "M 294 66 L 252 66",
        Edge(_D, _W, _T.COMPLETE): "M 390 58 L 432 58",
        Edge(_W, _F, _T.FOLLOW_UP, "satisfied"): "M 528 52 L 570 52",
        Edge(_W, _F, _T.CLOSE_UNREACHED): "M 528 66 L 570 66",
        Edge(_C, _W, _T.SETTLE): "M 222 41 C 262 14 422 14 462 41",
        Edge(_W, _C, _T.FOLLOW_UP, "dissatisfied"): "M 470 75 C 430 112 270 112 226 75",
        Edge(_F, _C, _T.REOPEN): "M 612 75 C 570 138 290 130 214 75",
        Edge(_R, _X, _T.CANCEL): "M 66 75 C 66 120 100 136 156 136",
        Edge(_C, _X, _T.CANCEL): "M 196 75 L 196 119",
        Edge(_D, _X, _T.CANCEL): "M 342 75 C 342 124 310 138 252 138",
    }
)
"""Where each edge between two states runs."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step that led to another state."""

    source: State | None
    target: State
    trigger: Trigger
    outcome: str = ""

    @property
    def edge(self) -> Edge:
        """The edge taken."""
        return Edge(self.source, self.target, self.trigger, self.outcome)


def path_svg(steps: Iterable[Step], now: State, words: Words) -> Markup:
    """The picture: edges taken are drawn strong, the present state filled; the path is also said in words."""
    taken = list(steps)
    said = " → ".join(words.label(step.target) for step in taken)
    strong = {step.edge for step in taken}
    been = {step.target for step in taken}
    parts = [
        f'<svg class="path" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(said)}">',
        _marker("arrow", "arrow-head"),
        _marker("arrow-taken", "arrow-head taken"),
    ]
    for edge in sorted(ways(), key=lambda one: one in strong):
        kind, head = ("way taken", "arrow-taken") if edge in strong else ("way", "arrow")
        parts.append(f'<path class="{kind}" d="{WAYS[edge]}" marker-end="url(#{head})"/>')
    for state, (x, y) in PLACES.items():
        kind = "place now" if state is now else "place been" if state in been else "place"
        width, height = HALF
        parts.append(f'<rect class="{kind}" x="{x - width}" y="{y - height}" width="{2 * width}" height="{2 * height}" rx="6"/>')
        parts.append(f'<text class="{kind}" x="{x}" y="{y + 5}">{escape(words.label(state))}</text>')
    return Markup("".join([*parts, "</svg>"]))


def _marker(name: str, kind: str) -> str:
    return (
        f'<defs><marker id="{name}" viewBox="0 0 10 10" refX="10" refY="5" markerWidth="9" markerHeight="9"'
        ' markerUnits="userSpaceOnUse" orient="auto">'
        f'<path class="{kind}" d="M 0 0 L 10 5 L 0 10 z"/></marker></defs>'
    )
