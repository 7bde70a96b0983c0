"""A ticket's life as a random walk: every command is decided, answered by the plain model, and the two are compared."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from adapters.store.log.codec import decode, encode, topic_of
from domain.kernel.aggregate import apply, fold
from domain.kernel.errors import InvalidInput, Refusal, RuleRefused, TransitionRefused
from domain.kernel.terms import Channel, Facility, Kind, Trigger
from domain.rules.policy import Policy
from domain.ticket import commands as c
from domain.ticket.decisions import Circumstances, decide
from domain.ticket.events import Ticket
from domain.ticket.guards import PolicyInForce, legal_now
from domain.ticket.state import TicketState
from tests.support.ticket_factory import COMMUNITY, POLICY, TICKET, ZONE, CountingIds, circumstances, seal
from tests.ticket import model
from tests.ticket.commands import PAYLOADS, TICKETS, actors, behalves, command_of

ANSWERS: dict[type[Refusal], str] = {InvalidInput: "said", TransitionRefused: "table", RuleRefused: "rule"}
START = datetime(2026, 4, 29, 9, 0, tzinfo=ZONE)
"""Two days before summer."""
GAPS = [0, 1, 1, 2, 45, 300, 600, 1440, 1440, 31 * 1440]
"""Minutes between one command and the next."""

Draw = Callable[[st.SearchStrategy[Any]], Any]
Step = tuple[c.Command, tuple[str, str | None], datetime]
"""A command, who asks (and for whom), and when it happened."""


class Walk:
    """One ticket, its events, and the model of it."""

    def __init__(self, policy: Policy = POLICY, start: datetime = START) -> None:
        self.policy = policy
        self.at = start
        self.ids = CountingIds()
        self.model: model.Model | None = None
        self.state: TicketState | None = None
        self.events: list[Ticket.Event] = []
        self.children: list[Ticket.Event] = []

    def ask(self, command: c.Command, who: tuple[str, str | None], at: datetime) -> list[Ticket.Event]:
        """Decide a command and compare with the model's verdict; returns the events, none if it was refused."""
        said, trigger = command.model_dump(), command.trigger.value
        expected = model.verdict(self.model, trigger, said, who, at)
        try:
            decided = decide(self.state, command, self.circumstances(who, at))
        except Refusal as refused:
            self.check_refusal(refused, expected, f"{trigger} {said}", at)
            return []
        assert not expected, f"{trigger} {said}: accepted, expected {expected}"
        self.go_on(decided)
        if self.model is None:
            self.model = model.received(said, at)
        else:
            model.carry_out(self.model, trigger, said, who, at)
        self.at = at
        self.check()
        return decided

    def circumstances(self, who: tuple[str, str | None], at: datetime) -> Circumstances:
        """The circumstances of a command in this world."""
        actor, behalf = who
        return circumstances(at, actor, on_behalf_of=behalf, readings=self.policy, tickets=TICKETS, ids=self.ids)

    def go_on(self, decided: list[Ticket.Event]) -> None:
        """Seal, encode, decode and fold the events."""
        for event in decided:
            stored = encode(seal(event))
            again = decode(topic_of(type(event)), event.originator_id, event.originator_version, stored)
            assert again == seal(event)
            assert isinstance(again, Ticket.Event)
            if event.originator_id == TICKET:
                self.state = apply(self.state, seal(event))
                self.events.append(again)
            else:
                self.children.append(again)

    def check_refusal(self, refused: Refusal, expected: set[str], asked: str, at: datetime) -> None:
        """Check that the refusal was expected and, by table or rule, names the legal triggers."""
        assert ANSWERS[type(refused)] in expected, f"{asked}: refused with {refused!r}, expected {expected or 'none'}"
        if isinstance(refused, TransitionRefused | RuleRefused) and self.model is not None:
            assert list(refused.legal) == model.legal(self.model, at)
            assert refused.state == self.model["state"]

    def check(self) -> None:
        """Check that replay equals the live state and the model."""
        state, m = self.state, self.model
        assert state is not None
        assert m is not None
        assert fold(self.events) == state
        assert state.version == len(self.events)
        order = state.rectification
        seen: dict[str, Any] = {
            "state": state.state,
            "kind": state.kind,
            "facility": state.facility,
            "last": state.occurred_at,
            "assignee": (state.assignment.assignee.type, state.assignment.assignee.id) if state.assignment else None,
            "accepted": bool(state.assignment and state.assignment.accepted),
            "started": bool(state.assignment and state.assignment.started),
            "suspended": state.suspended is not None,
            "replied": state.replied,
            "judged": state.judgement is not None,
            "charge": state.charge and state.charge.status,
            "items": {item.item for item in state.checklist},
            "ordered": order is not None and order.confirmed_at is None,
            "rework": state.rework,
            "level": state.escalation_level,
            "workers": set(state.workers),
        }
        live = {name: value for name, value in m.items() if name in seen}
        if m["state"] in ("cancelled", "repaired", "followed_up"):
            seen = {**seen, "assignee": m["assignee"], "accepted": m["accepted"], "started": m["started"]}
        assert seen == live
        assert state.book == (model.BOOKS[m["kind"]] if m["kind"] else None)
        assert state.category == m["values"]["category"]
        assert (state.channel, state.urgency) == (m["values"]["channel"], m["values"]["urgency"])

    def legal_agrees(self, at: datetime) -> None:
        """Check the legal triggers at a moment against the model."""
        if self.state is not None and self.model is not None:
            found = [t.value for t in legal_now(self.state, PolicyInForce(at, ZONE, self.policy))]
            assert found == model.legal(self.model, at)


def any_step(draw: Draw, walk: Walk, trigger: Trigger, gaps: list[int] = GAPS) -> Step:
    """A command of the trigger, by anybody, some minutes after the last."""
    at = (walk.at + timedelta(minutes=draw(st.sampled_from(gaps)))).astimezone(UTC)
    command = command_of(trigger, draw(PAYLOADS[trigger]), at)
    return command, (draw(actors), draw(behalves)), at


def sensible_step(draw: Draw, walk: Walk, gaps: list[int] = GAPS) -> Step:
    """A command that the model accepts, if a few tries find one."""
    for _ in range(5):
        trigger = likely(draw, walk)
        step = any_step(draw, walk, trigger, gaps)
        if trigger is Trigger.CHECK_ITEM and walk.model is not None:
            missing = [item for item in model.checklist(walk.model["kind"]) if item not in walk.model["items"]]
            step = (step[0].model_copy(update={"item": (missing or ["deposit"])[0], "defects": ()}), *step[1:])
        command, who, at = step
        if not model.verdict(walk.model, trigger.value, command.model_dump(), who, at):
            return step
    return step


def likely(draw: Draw, walk: Walk) -> Trigger:
    """A trigger that the model allows now; work more often than talk."""
    if walk.model is None:
        return Trigger.RECEIVE
    allowed = [Trigger(name) for name in model.legal(walk.model, walk.at)]
    ahead = [trigger for trigger in allowed if trigger in AHEAD]
    work = [trigger for trigger in allowed if trigger not in TALK]
    some: list[Trigger] = draw(st.sampled_from([choice for choice in (ahead, work, work, allowed) if choice]))
    found: Trigger = draw(st.sampled_from(some))
    return found


TALK = (
    Trigger.NOTE,
    Trigger.ATTACH,
    Trigger.LINK,
    Trigger.CORRECT,
    Trigger.URGE,
    Trigger.ESCALATE,
    Trigger.CANCEL,
    Trigger.RECLASSIFY,
)
AHEAD = (
    *(Trigger.CLASSIFY, Trigger.DISPATCH, Trigger.COMPLETE, Trigger.FOLLOW_UP, Trigger.REOPEN, Trigger.CHECK_ITEM),
    *(Trigger.RESUME, Trigger.CONFIRM_RECTIFICATION, Trigger.ACCEPT_QUOTE, Trigger.DECLINE_QUOTE, Trigger.SETTLE_CHARGE),
)


def begun(walk: Walk, kind: Kind, facility: Facility | None = None) -> Walk:
    """The walk of a ticket that was received and classified."""
    who = ("li.na", None)
    place = c.Place(area="east", building="3")
    walk.ask(c.Receive(community=COMMUNITY, channel=Channel.PHONE, description="漏水", location=place), who, walk.at)
    of = facility or (Facility.PRIVATE if kind is Kind.REPAIR else None)
    walk.ask(c.Classify(kind=kind, facility=of), who, walk.at)
    return walk
