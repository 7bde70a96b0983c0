"""Golden histories of ticket, finding and shift: the golden bytes of their events in a lawful order, each with its pinned state.

A step is ``event=state after it``, written by hand and held against nothing but the fold; ``follow_up_recorded:dissatisfied``
is the golden event with the other verdict. Nothing here imports a lifecycle table or what decides by it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

from adapters.store.log.codec import class_version, decode
from domain.kernel.aggregate import TOPICS, apply

STREAM = UUID(int=0x60)
FOLDER = Path(__file__).parent / "events"

HISTORIES: Mapping[str, Sequence[str]] = {
    "ticket": (
        "received=received noted=received deferred=received classified=classified reclassified=classified"
        " scheduled=classified dispatched=dispatched reassigned=dispatched accepted=dispatched declined=classified"
        " dispatched=dispatched started=dispatched suspended=dispatched resumed=dispatched charge_quoted=dispatched"
        " charge_declined=dispatched charge_quoted=dispatched charge_accepted=dispatched completed=repaired"
        " charge_settled=repaired follow_up_attempted=repaired follow_up_recorded=followed_up reopened=classified"
        " settled=repaired follow_up_recorded:dissatisfied=classified settled=repaired closed_unreached=followed_up",
        "received=received replied=received urged=received escalated=received classified=classified"
        " item_checked=classified rectification_ordered=classified rectification_confirmed=classified"
        " major_works_approved=classified complaint_judged=classified linked=classified attached=classified"
        " corrected=classified cancelled=cancelled noted=cancelled",
    ),
    "finding": (
        "proposed=proposed withdrawn=withdrawn proposed=proposed confirmed=confirmed contested=contested upheld=upheld",
        "recorded=recorded confirmed=confirmed contested=contested revoked=revoked",
        "recorded=recorded waived=waived",
    ),
    "shift": (
        "opened=on_duty extended=on_duty logged=on_duty substituted=on_duty stand_in_confirmed=on_duty"
        " returned=on_duty phone_switched=on_duty"
        " officer_arrived=on_duty handover_prepared=handing_over disputed=on_duty handover_prepared=handing_over"
        " signed_out=handing_over"
        " signed_in=handed_over reviewed=reviewed",
        "opened=on_duty taken_over=handed_over reviewed=reviewed",
    ),
}
"""By the first part of the topic."""


def folded(name: str) -> list[tuple[str, str, Any]]:
    """Every step of an aggregate's histories: what was said, the state in which it left the stream, and that state."""
    found = []
    for history in HISTORIES[name]:
        state: Any = None
        policy: Any = None
        for version, step in enumerate(history.split(), start=1):
            topic, _, outcome = f"{name}.{step.split('=')[0]}".partition(":")
            stored = (FOLDER / f"{topic}.v{class_version(TOPICS[topic])}.json").read_bytes()
            event: Any = decode(topic, STREAM, version, stored)
            policy = getattr(event, "clock_policy", None) or policy
            if outcome:
                event = replace(event, satisfied=False, clock_policy=policy)
            state = apply(state, event)
            assert state.version == version
            left = state.state if name == "ticket" else state.status
            found.append((step, left.value, state))
    return found
