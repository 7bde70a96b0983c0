"""Rules about a person: what is legal for somebody leaves a trigger out exactly where acting would be refused by such a rule."""

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from domain.kernel.errors import Refusal, RuleRefused
from domain.kernel.terms import FollowUpMethod, Trigger
from domain.people.person_rules import conflict
from domain.ticket import commands as c
from domain.ticket.decisions import decide
from domain.ticket.guards import PolicyInForce, legal_now
from domain.ticket.persons import PERSON_RULES, WITH_RIGHTS, settled_on_the_spot
from domain.ticket.state import TicketState
from tests.support.ticket_factory import ZONE
from tests.ticket.commands import PAYLOADS, command_of
from tests.ticket.walk import Draw, Walk, sensible_step

PERSONS = ("li.na", "wang", "zhao", "acme", "nobody.else")
COMPLAINED_OF = st.sampled_from([(), ("wang",), ("zhao", "li.na")])
OF_A_PERSON = {rule.code for rule in PERSON_RULES} | {"on_the_spot"}
"""Codes that refuse somebody for who they are; a follow-up on the spot has one of its own, for its method."""


def states(data: st.DataObject, walk: Walk) -> Iterator[TicketState]:
    """The states of a walk, each with people complained of or none."""
    for _ in range(14):
        walk.ask(*sensible_step(data.draw, walk))
        if walk.state is not None:
            yield walk.state.with_(complained_of=data.draw(COMPLAINED_OF))


def ways(draw: Draw, walk: Walk, trigger: Trigger) -> Iterator[c.Command]:
    """Commands of a trigger; of a follow-up one by telephone and one on the spot."""
    command = command_of(trigger, draw(PAYLOADS[trigger]), walk.at)
    if isinstance(command, c.FollowUp):
        for method in (FollowUpMethod.PHONE, FollowUpMethod.ON_THE_SPOT):
            yield command.model_copy(update={"method": method})
    else:
        yield command


def refused_for_the_person(walk: Walk, state: TicketState, command: c.Command, login: str) -> bool:
    """Whether the desk, or decide, refuses a command by a rule about the person."""
    if conflict(WITH_RIGHTS, state, command.trigger, login) is not None:
        return True
    try:
        decide(state, command, walk.circumstances((login, None), walk.at))
    except RuleRefused as refused:
        return refused.rule in OF_A_PERSON
    except Refusal:
        return False
    return False


@given(st.data())
def test_legal_leaves_out_what_a_rule_about_the_person_refuses_and_nothing_else(data: st.DataObject) -> None:
    walk = Walk()
    for state in states(data, walk):
        for trigger in legal_now(state, PolicyInForce(walk.at, ZONE, walk.policy)):
            commands = list(ways(data.draw, walk, trigger))
            for login in PERSONS:
                listed = conflict(PERSON_RULES, state, trigger, login) is None
                acted = not all(refused_for_the_person(walk, state, command, login) for command in commands)
                assert listed == acted, (state.state, trigger, login)


def test_the_walks_of_the_property_meet_every_rule() -> None:
    """The persons of the property are complained of, did the work, and settled on the spot in some walk."""
    met: set[str] = set()

    @given(st.data())
    def walks(data: st.DataObject) -> None:
        for state in states(data, Walk()):
            met.update(rule.code for rule in PERSON_RULES for t in Trigger for who in PERSONS if rule.forbids(state, t, who))
            if any(settled_on_the_spot(state, who) for who in PERSONS):
                met.add("on_the_spot")

    walks()
    assert met == OF_A_PERSON
