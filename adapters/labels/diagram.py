"""Draw the lifecycle of a ticket: as an SVG with fixed positions, and as a Mermaid diagram, both from the transition table.

A state or an edge of the table without a position here raises KeyError, so the picture can't fall behind the table. The small
picture on pages has its own coordinates (``adapters.pages.ticket.state_diagram``).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from types import MappingProxyType

from adapters.labels.labels import label
from domain.kernel.terms import State, Trigger
from domain.ticket.lifecycle import INITIAL, TABLE, TERMINAL, Transition

OUTCOMES = {"satisfied": "满意", "dissatisfied": "不满意"}
"""Words for the outcomes of a trigger that has two rows in the table."""
WIDTH, HEIGHT = 1240, 800
BOX = (132, 56)
"""Width and height of a state's box; :data:`PLACES` gives its centre."""


@dataclass(frozen=True, slots=True)
class Edge:
    """A transition from one state to another (``source`` None: a new ticket), by a trigger and perhaps an outcome."""

    source: State | None
    target: State
    trigger: Trigger
    outcome: str = ""

    @property
    def text(self) -> str:
        """The edge's label, Chinese first: 回访·满意 follow_up."""
        said = f"·{OUTCOMES[self.outcome]}" if self.outcome else ""
        return f"{label(self.trigger)}{said} {self.trigger.value}"


@dataclass(frozen=True, slots=True)
class Path:
    """The course of an edge: an SVG path from border to border, and the position of its label."""

    d: str
    name_at: tuple[int, int]
    anchor: str = "middle"


_R, _C, _D, _W, _F, _X = State.RECEIVED, State.CLASSIFIED, State.DISPATCHED, State.REPAIRED, State.FOLLOWED_UP, State.CANCELLED
_T = Trigger

PLACES: Mapping[State, tuple[int, int]] = MappingProxyType(
    {_R: (150, 210), _C: (390, 210), _D: (630, 210), _W: (870, 210), _F: (1110, 210), _X: (390, 730)}
)
"""The centre of each state's box."""

LOOPS: Mapping[State, tuple[int, int]] = MappingProxyType(
    {_R: (150, 262), _C: (390, 262), _D: (630, 262), _W: (870, 262), _F: (1110, 262), _X: (390, 776)}
)
"""The position of each state's list of triggers that keep the state."""

WAYS: Mapping[Edge, Path] = MappingProxyType(
    {
        Edge(None, _R, _T.RECEIVE): Path("M 26 210 L 84 210", (54, 186)),
        Edge(_R, _C, _T.CLASSIFY): Path("M 216 204 L 324 204", (270, 196)),
        Edge(_C, _D, _T.DISPATCH): Path("M 456 200 L 564 200", (510, 192)),
        Edge(_D, _C, _T.DECLINE): Path("M 564 222 L 456 222", (510, 250)),
        Edge(_D, _W, _T.COMPLETE): Path("M 696 204 L 804 204", (750, 196)),
        Edge(_W, _F, _T.FOLLOW_UP, "satisfied"): Path("M 936 196 L 1044 196", (990, 184)),
        Edge(_W, _F, _T.CLOSE_UNREACHED): Path("M 936 224 L 1044 224", (990, 252)),
        Edge(_C, _W, _T.SETTLE): Path("M 420 182 C 470 126 790 126 840 182", (630, 132)),
        Edge(_W, _C, _T.FOLLOW_UP, "dissatisfied"): Path("M 866 182 C 850 76 410 76 394 182", (630, 94)),
        Edge(_F, _C, _T.REOPEN): Path("M 1110 182 C 1100 14 400 14 364 182", (735, 48)),
        Edge(_R, _X, _T.CANCEL): Path("M 96 238 C 30 420 40 730 324 730", (124, 620), "start"),
        Edge(_C, _X, _T.CANCEL): Path("M 330 238 C 262 300 270 640 346 702", (284, 560), "end"),
        Edge(_D, _X, _T.CANCEL): Path("M 570 238 C 500 320 520 640 434 702", (524, 640), "start"),
    }
)
"""The course of each edge between two states."""


def ways() -> Iterator[Edge]:
    """Yield the edges that change the state, in the table's order."""
    for row in TABLE:
        for source in row.sources:
            target = row.target or source
            if target is not None and target is not source:
                yield Edge(source, target, row.trigger, row.outcome)


def loops(state: State) -> list[Trigger]:
    """The triggers that keep a state, in the table's order."""
    return [row.trigger for row in TABLE if state in row.sources and row.target in (None, state)]


def svg() -> str:
    """The picture as SVG, labels Chinese first; without scripts, fonts or external addresses."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
        ' role="img" aria-labelledby="title" font-family="sans-serif" font-size="12">',
        '<title id="title">工单生命周期 The lifecycle of a ticket</title>',
        '<defs><marker id="arrow" viewBox="0 0 10 10" refX="10" refY="5" markerWidth="8" markerHeight="8" orient="auto">'
        '<path d="M 0 0 L 10 5 L 0 10 z" fill="#475569"/></marker></defs>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        '<circle cx="20" cy="210" r="6" fill="#475569"/>',
    ]
    parts += [_way(edge) for edge in ways()]
    parts += [_box(state) + _loop_list(state) for state in State]
    return "\n".join([*parts, "</svg>", ""])


def _way(edge: Edge) -> str:
    path = WAYS[edge]
    x, y = path.name_at
    text = f'<text x="{x}" y="{y}" text-anchor="{path.anchor}" fill="#0f172a">{escape(edge.text)}</text>'
    first, _, second = edge.text.rpartition(" ")
    if path.d.count("C") == 0:  # short edges: the code goes below the Chinese name
        text = (
            f'<text x="{x}" y="{y - 12}" text-anchor="{path.anchor}" fill="#0f172a">{escape(first)}</text>'
            f'<text x="{x}" y="{y}" text-anchor="{path.anchor}" fill="#475569" font-size="11">{escape(second)}</text>'
        )
    return f'<path d="{path.d}" fill="none" stroke="#475569" stroke-width="1.4" marker-end="url(#arrow)"/>{text}'


def _box(state: State) -> str:
    x, y = PLACES[state]
    width, height = BOX
    end = state in TERMINAL
    fill, border = ("#f1f5f9", ' stroke-dasharray="4 3"') if end else ("#e0f2fe", "")
    return (
        f'<rect x="{x - width // 2}" y="{y - height // 2}" width="{width}" height="{height}" rx="8" fill="{fill}"'
        f' stroke="#0369a1" stroke-width="{3 if state is INITIAL else 1.4}"{border}/>'
        f'<text x="{x}" y="{y - 3}" text-anchor="middle" font-size="16" fill="#0f172a">{label(state)}</text>'
        f'<text x="{x}" y="{y + 16}" text-anchor="middle" fill="#475569">{state.value}</text>'
    )


def _loop_list(state: State) -> str:
    x, y = LOOPS[state]
    lines = [
        f'<text x="{x}" y="{y + 17 * n}" text-anchor="middle" fill="#334155" font-size="11">'
        f"↻ {label(trigger)} {trigger.value}</text>"
        for n, trigger in enumerate(loops(state))
    ]
    return "".join(lines)


def mermaid() -> str:
    """The lifecycle as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", "    direction LR"]
    lines += [f'    state "{label(state)} {state.value}" as {state.value}' for state in State]
    for edge in ways():
        lines.append(f"    {edge.source.value if edge.source else '[*]'} --> {edge.target.value}: {edge.text}")
    for state in State:
        kept = "、".join(f"{label(trigger)} {trigger.value}" for trigger in loops(state))
        if kept:
            lines.append(f"    {state.value} --> {state.value}: {kept}")
    lines += [f"    {state.value} --> [*]" for state in TERMINAL]
    return "\n".join([*lines, ""])


def rows() -> Iterator[tuple[Transition, str, str, str, str]]:
    """The transition table for readers: each row with its trigger, sources, target and kinds in words, Chinese first."""
    for row in TABLE:
        said = f"·{OUTCOMES[row.outcome]}" if row.outcome else ""
        sources = "、".join(label(s) for s in row.sources if s) or "–"
        target = label(row.target) if row.target else "不变"
        yield row, f"{label(row.trigger)}{said}", sources, target, ", ".join(k.value for k in row.kinds) or "all"
