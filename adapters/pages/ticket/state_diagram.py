"""State diagram of the lifecycle for pages, drawn by hand so that it fits a phone.

``adapters.labels.diagram`` draws the large picture for the documentation and the command line. A transition that leads to another
state needs coordinates in both. A state or transition of the lifecycle table without coordinates here raises ``KeyError``; a
test finds that first. The page marks a ticket's state and the transitions it took by CSS classes. Words are in the visitor's
language.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from adapters.labels.diagram import Edge, ways
from adapters.labels.marking import N_
from adapters.pages.frame.visitor import Guest
from domain.kernel.terms import State, Trigger
from domain.ticket.events import Ticket
from domain.ticket.lifecycle import TABLE
from domain.ticket.state import TicketState

WIDTH, HEIGHT = 800, 300
BOX = (100, 44)
"""Width and height of a state's box. Its coordinates are those of its middle."""

_R, _C, _D, _W, _F, _X = State.RECEIVED, State.CLASSIFIED, State.DISPATCHED, State.REPAIRED, State.FOLLOWED_UP, State.CANCELLED
_T = Trigger

PLACES: Mapping[State, tuple[int, int]] = MappingProxyType(
    {_R: (82, 150), _C: (242, 150), _D: (402, 150), _W: (562, 150), _F: (722, 150), _X: (242, 266)}
)
"""The middle of each state's box."""


class Way(NamedTuple):
    """An arrow: its SVG path ``d``, and the coordinates of its words."""

    d: str
    x: int
    y: int


WAYS: Mapping[Edge, Way] = MappingProxyType(
    {
        Edge(None, _R, _T.RECEIVE): Way("M 6 150 L 30 150", 26, 188),
        Edge(_R, _C, _T.CLASSIFY): Way("M 132 150 L 190 150", 161, 142),
        Edge(_C, _D, _T.DISPATCH): Way("M 292 142 L 350 142", 321, 134),
        Edge(_D, _C, _T.DECLINE): Way("M 352 160 L 294 160", 322, 177),
        Edge(_D, _W, _T.COMPLETE): Way("M 452 150 L 510 150", 481, 142),
        Edge(_W, _F, _T.FOLLOW_UP, "satisfied"): Way("M 612 142 L 670 142", 641, 134),
        Edge(_W, _F, _T.CLOSE_UNREACHED): Way("M 612 160 L 670 160", 641, 177),
        Edge(_C, _W, _T.SETTLE): Way("M 262 128 C 300 84 504 84 540 126", 402, 90),
        Edge(_W, _C, _T.FOLLOW_UP, "dissatisfied"): Way("M 562 128 C 550 44 262 44 244 126", 402, 58),
        Edge(_F, _C, _T.REOPEN): Way("M 722 128 C 712 -6 240 -6 224 126", 472, 20),
        Edge(_R, _X, _T.CANCEL): Way("M 82 172 C 82 240 130 266 190 266", 66, 232),
        Edge(_C, _X, _T.CANCEL): Way("M 242 172 L 242 242", 268, 214),
        Edge(_D, _X, _T.CANCEL): Way("M 402 172 C 402 240 354 266 294 266", 422, 232),
    }
)

WORDS: Mapping[Edge, str] = MappingProxyType(
    {
        Edge(_W, _F, _T.FOLLOW_UP, "satisfied"): N_("满意"),
        Edge(_W, _C, _T.FOLLOW_UP, "dissatisfied"): N_("不满意，返修"),
        Edge(_W, _F, _T.CLOSE_UNREACHED): N_("未遇"),
        Edge(_C, _W, _T.SETTLE): N_("当班办结"),
    }
)
"""Words of transitions that are not their trigger's."""


class Node(NamedTuple):
    """A state in the diagram: coordinates and words."""

    state: State
    x: int
    y: int
    words: str


class Arrow(NamedTuple):
    """A transition in the diagram; ``key`` identifies it."""

    key: str
    way: Way
    words: str


class Diagram(NamedTuple):
    """The diagram in the visitor's language."""

    nodes: list[Node]
    lines: list[Arrow]


def diagram(
    visitor: Guest, counts: Mapping[str, str] = MappingProxyType({}), standing: Mapping[State, int] = MappingProxyType({})
) -> Diagram:
    """Make the diagram. ``counts`` replace the words of transitions, by key; ``standing`` are added to the states' words."""
    said = {state: f"{visitor.label(state)} {standing[state]}" if state in standing else visitor.label(state) for state in State}
    nodes = [Node(state, *PLACES[state], said[state]) for state in State]
    lines = [Arrow(key(edge), WAYS[edge], counts.get(key(edge)) or _words(visitor, edge)) for edge in ways()]
    return Diagram(nodes, lines)


def key(edge: Edge) -> str:
    """Identify a transition among the page's elements."""
    return f"{edge.source.value if edge.source else 'new'}-{edge.target.value}-{edge.trigger.value}"


def taken(event: Ticket.Event, before: TicketState | None, after: TicketState) -> str | None:
    """Find the key of the transition that an event took; None where it kept the state."""
    if before is not None and before.state is after.state:
        return None
    return key(Edge(before.state if before else None, after.state, trigger_of(event)))


def trigger_of(event: Ticket.Event) -> Trigger:
    """Find the trigger of an event in the lifecycle table."""
    return TRIGGERS[event.TOPIC]


def _words(visitor: Guest, edge: Edge) -> str:
    return visitor.say(WORDS[edge]) if edge in WORDS else visitor.label(edge.trigger)


TRIGGERS: Mapping[str, Trigger] = MappingProxyType({row.event.TOPIC: row.trigger for row in TABLE})
