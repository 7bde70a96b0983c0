"""Two times (发生时间、记录时间): when a step happened, and the right by which it is entered later."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.kernel.errors import invalid
from domain.kernel.request import Request
from domain.people.authority import Held, Need, Relation, Right, allow
from domain.people.directory import Directory


@dataclass(frozen=True, slots=True)
class Entry:
    """The moment of a command's step, and how it was entered."""

    at: datetime
    back_entered: bool = False
    offline_entered: bool = False
    long_late: bool = False


def judge_entry(
    directory: Directory,
    community: str,
    request: Request,
    roles: Sequence[Held],
    relation: Relation,
    now: datetime,
    *,
    always: bool = False,
) -> Entry:
    """Judge the moment in a request: small skew counts as now, the future is refused, lateness takes a right.

    ``always`` marks a back-entry, which takes the right however late it is, and is never an offline draft. Raises InvalidInput
    for a moment in the future, NotAllowed without the right of late or long-late entry.
    """
    terms = directory.policy_of(community).entry
    at = request.occurred_at or now
    if at > now + timedelta(minutes=terms.skew_minutes):
        raise invalid("/occurred_at", f"must not be in the future; now is {now.isoformat()}")
    late = now - at
    if late <= timedelta(minutes=terms.late_minutes) and not always:
        return Entry(min(at, now))
    drafted = request.offline and not always and bool(relation.holds & {Need.OWN, Need.ON_DUTY})
    if drafted and late <= timedelta(minutes=terms.offline_minutes):
        return Entry(at, offline_entered=True)
    if late <= timedelta(minutes=terms.long_late_minutes):
        allow(Right.LATE_ENTRY, Right.LATE_ENTRY.value, roles, relation)
        return Entry(min(at, now), back_entered=True)
    allow(Right.LONG_LATE_ENTRY, Right.LONG_LATE_ENTRY.value, roles, relation)
    return Entry(at, back_entered=True, long_late=True)
