"""The lifecycle of a finding (考评事项): one table, from which legality and the reference derive (D2).

The system proposes and withdraws, people record; what was confirmed can be contested once, by those it charges.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from transitions import Machine

from domain.kernel.errors import TransitionRefused
from domain.kernel.terms import FindingStatus, FindingTrigger

NOT_YET = "none"  # the Machine's name for "no finding yet"
_S, _T = FindingStatus, FindingTrigger

COUNTING = frozenset((_S.CONFIRMED, _S.CONTESTED, _S.UPHELD))
"""States in which a finding stands on the tally: what is contested counts until it is revoked."""
TERMINAL = (_S.WAIVED, _S.UPHELD, _S.REVOKED)


@dataclass(frozen=True, slots=True)
class FindingTransition:
    """One row: from ``sources`` (None: there is no finding yet) by ``trigger`` to ``target``, yielding ``event``."""

    trigger: FindingTrigger
    sources: tuple[FindingStatus | None, ...]
    target: FindingStatus
    event: str


_Row = FindingTransition
TABLE: tuple[FindingTransition, ...] = (
    _Row(_T.PROPOSE, (None, _S.WITHDRAWN), _S.PROPOSED, "FindingProposed"),
    _Row(_T.RECORD, (None,), _S.RECORDED, "FindingRecorded"),
    _Row(_T.CONFIRM, (_S.PROPOSED, _S.RECORDED), _S.CONFIRMED, "FindingConfirmed"),
    _Row(_T.WAIVE, (_S.PROPOSED, _S.RECORDED), _S.WAIVED, "FindingWaived"),
    _Row(_T.CONTEST, (_S.CONFIRMED,), _S.CONTESTED, "FindingContested"),
    _Row(_T.UPHOLD, (_S.CONTESTED,), _S.UPHELD, "FindingUpheld"),
    _Row(_T.REVOKE, (_S.CONTESTED,), _S.REVOKED, "FindingRevoked"),
    _Row(_T.WITHDRAW, (_S.PROPOSED,), _S.WITHDRAWN, "FindingWithdrawn"),
)
"""The table is the law. A cause that comes back after it was removed is proposed again, in the same finding."""

TARGETS: Mapping[str, FindingStatus] = MappingProxyType({row.event: row.target for row in TABLE})


def _machine() -> Machine:
    machine = Machine(model=None, states=[NOT_YET, *(s.value for s in _S)], initial=NOT_YET, auto_transitions=False)
    for row in TABLE:
        for source in row.sources:
            machine.add_transition(row.trigger.value, source.value if source else NOT_YET, row.target.value)
    return machine


MACHINE = _machine()

_LEGAL: Mapping[FindingStatus | None, tuple[FindingTrigger, ...]] = MappingProxyType(
    {
        status: tuple(t for t in _T if MACHINE.get_transitions(t.value, status.value if status else NOT_YET))
        for status in (None, *_S)
    }
)
"""What the Machine allows in each state, None standing for no finding yet."""


def legal(status: FindingStatus | None) -> tuple[FindingTrigger, ...]:
    """The triggers that the table has for a state, in its order."""
    return _LEGAL[status]


def check(status: FindingStatus | None, trigger: FindingTrigger) -> None:
    """Raises TransitionRefused, naming the state, the trigger and what is legal now, where the table has no such row."""
    if trigger not in _LEGAL[status]:
        raise TransitionRefused(status.value if status else NOT_YET, trigger.value, [t.value for t in legal(status)])


def as_data() -> dict[str, object]:
    """The table as plain data."""
    return {
        "states": [s.value for s in _S],
        "initial": [_S.PROPOSED.value, _S.RECORDED.value],
        "terminal": [s.value for s in TERMINAL],
        "transitions": [
            {
                "trigger": row.trigger.value,
                "from": [source.value for source in row.sources if source],
                "to": row.target.value,
                "events": [row.event],
            }
            for row in TABLE
        ],
    }
