"""The lifecycle of a shift (班次): one small table, from which legality and the reference derive (D1 4.1.3, 4.1.4; D5)."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from domain.kernel.errors import TransitionRefused
from domain.kernel.terms import ShiftStatus, ShiftTrigger

_ON, _HANDING, _HANDED, _REVIEWED = ShiftStatus


@dataclass(frozen=True, slots=True)
class ShiftTransition:
    """One row: from ``sources`` by ``trigger`` to ``target`` (None keeps the state), yielding ``event``."""

    trigger: ShiftTrigger
    sources: tuple[ShiftStatus, ...]
    target: ShiftStatus | None
    event: str


_T, _HELD = ShiftTransition, (_ON, _HANDING)
TABLE: tuple[ShiftTransition, ...] = (
    _T(ShiftTrigger.OPEN, (), _ON, "ShiftOpened"),
    _T(ShiftTrigger.EXTEND, (_ON,), None, "ShiftExtended"),
    _T(ShiftTrigger.LOG, _HELD, None, "LineLogged"),
    _T(ShiftTrigger.SUBSTITUTE, _HELD, None, "OfficerSubstituted"),
    _T(ShiftTrigger.RETURN_TO_POST, _HELD, None, "OfficerReturned"),
    _T(ShiftTrigger.SWITCH_PHONE, (_ON,), None, "PhoneSwitched"),
    _T(ShiftTrigger.PREPARE_HANDOVER, _HELD, _HANDING, "HandoverPrepared"),
    _T(ShiftTrigger.SIGN_OUT, (_HANDING,), None, "SignedOut"),
    _T(ShiftTrigger.SIGN_IN, (_HANDING,), _HANDED, "SignedIn"),
    _T(ShiftTrigger.DISPUTE, (_HANDING,), _ON, "HandoverDisputed"),
    _T(ShiftTrigger.TAKE_OVER, _HELD, _HANDED, "ShiftTakenOver"),
    _T(ShiftTrigger.REVIEW, (_HANDED,), _REVIEWED, "ShiftReviewed"),
)
"""The table is the law; a shift that was taken over counts as handed over, and says so."""

TARGETS: Mapping[str, ShiftStatus | None] = MappingProxyType({row.event: row.target for row in TABLE})

_LEGAL: Mapping[ShiftStatus, tuple[ShiftTrigger, ...]] = MappingProxyType(
    {status: tuple(row.trigger for row in TABLE if status in row.sources) for status in ShiftStatus}
)


def legal(status: ShiftStatus) -> tuple[ShiftTrigger, ...]:
    """The triggers that the table has for a state, in its order."""
    return _LEGAL[status]


def check(status: ShiftStatus, trigger: ShiftTrigger) -> None:
    """Raises TransitionRefused, naming the state, the trigger and what is legal now, where the table has no such row."""
    if trigger not in _LEGAL[status]:
        raise TransitionRefused(status.value, trigger.value, [t.value for t in legal(status)])


def as_data() -> dict[str, object]:
    """The table as plain data; ``to`` is "same" where the state stays."""
    return {
        "states": [s.value for s in ShiftStatus],
        "initial": _ON.value,
        "terminal": [_REVIEWED.value],
        "transitions": [
            {
                "trigger": row.trigger.value,
                "from": [s.value for s in row.sources],
                "to": row.target.value if row.target else "same",
                "events": [row.event],
            }
            for row in TABLE
        ],
    }
