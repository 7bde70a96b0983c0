"""The rules: looking a transition up against triggering a shared Machine, loading a ticket against ``repository.get``."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from eventsourcing.application import Application
from transitions import Machine

from adapters.composition import shipped
from adapters.store.log.codec import decode_stored, encode
from domain.kernel.aggregate import Meta, fold
from domain.kernel.ports import StoredEvent
from domain.kernel.privacy import Sealed
from domain.kernel.sealing import seal_fields, with_sealed
from domain.kernel.terms import Channel, State, Trigger
from domain.rules.policy import parse_policy
from domain.rules.price_list import parse_price_list
from domain.ticket import commands as c
from domain.ticket.decisions import Circumstances, decide
from domain.ticket.events import Ticket
from domain.ticket.guards import PolicyInForce
from domain.ticket.lifecycle import TABLE, step
from tests.benchmarks.frame import Bench, Row, ratio
from tests.benchmarks.library import Noted
from tests.benchmarks.rounds import alternating

NOW = datetime(2026, 3, 4, 1, 0, tzinfo=UTC)
EVENTS = 100


class _NewIds:
    def new(self) -> UUID:
        return uuid4()


async def rows(bench: Bench) -> list[Row]:
    """Both rows."""
    return [await transitions(bench), await loading(bench)]


async def transitions(bench: Bench) -> Row:
    """A pair of suspend and resume, 20,000 times."""
    pairs = 20_000
    state, suspend, resume = State.DISPATCHED, Trigger.SUSPEND, Trigger.RESUME  # at hand, as in a decision

    def ours() -> int:
        for _ in range(pairs):
            step(state, suspend)
            step(state, resume)
        return 2 * pairs

    model = SimpleNamespace()
    machine = Machine(model=None, states=[s.value for s in State], initial=State.DISPATCHED.value, auto_transitions=False)
    for row in TABLE:
        for source in filter(None, row.sources):
            machine.add_transition(row.trigger.value, source.value, (row.target or source).value)
    machine.add_model(model)

    def shared() -> int:
        for _ in range(1_000):
            model.suspend()
            model.resume()
        return 2_000

    found = await alternating({"ours": ours, "shared": shared}, bench.rounds)
    return ratio("legality check of a decision", found["ours"], found["shared"], "trigger on the shared Machine", 50)


async def loading(bench: Bench) -> Row:
    """A ticket of 100 events, decoded and folded."""
    in_force = PolicyInForce(NOW, ZoneInfo("Asia/Shanghai"), parse_policy(shipped("policy.toml")))
    prices = parse_price_list(shipped("price_list.toml"))
    x = Circumstances(in_force, Meta("li", uuid4()), _NewIds(), prices, {}, uuid4(), uuid4())
    reporter = c.Reporter(phone="13800000000")
    events = decide(None, c.Receive(community="JX", channel=Channel.PHONE, description="楼道灯不亮", reporter=reporter), x)
    state = fold(events)
    for i in range(EVENTS - 1):
        later = replace(x, in_force=replace(in_force, at=NOW + timedelta(minutes=i)))
        made = decide(state, c.Attach(name="0" * 64, content_type="image/jpeg", size=1), later)
        state = fold(made, state)
        events += made
    kept = [_sealed_away(e) for e in events]

    def ours() -> int:
        for _ in range(20):
            fold(decode_stored(stored) for stored in kept)
        return 20

    app: Application[UUID] = Application()
    aggregate = Noted("楼道灯不亮")
    for i in range(EVENTS - 1):
        aggregate.note(f"note {i}")
    app.save(aggregate)

    def library() -> int:
        for _ in range(20):
            app.repository.get(aggregate.id)
        return 20

    found = await alternating({"ours": ours, "library": library}, bench.rounds)
    return ratio(f"ticket of {EVENTS} events, decoded and folded", found["ours"], found["library"], "repository.get (in memory)")


def _sealed_away(made: Ticket.Event) -> StoredEvent:
    sealed = with_sealed(made, {n: Sealed(t.subject, 1, b"n" * 12, b"c" * 60) for n, t in seal_fields(made)})
    return StoredEvent(
        made.originator_version, made.originator_id, made.originator_version, made.TOPIC, "JX", NOW, encode(sealed)
    )
