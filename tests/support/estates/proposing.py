"""What a service desk would write: commands decided in full against a log that gives back what it should append.

So that thousands of combinations can meet the same ticket.
"""

from collections.abc import Awaitable
from typing import Any

from adapters.composition import two_person_commands
from domain.appraisal.month_close import MonthClose
from domain.approval.deciding import Approvals
from domain.finding.desk import FindingDesk
from domain.kernel.errors import InvalidInput, NotAllowed, RuleRefused, TransitionRefused
from domain.kernel.journal import Journal
from domain.kernel.ports import Append, Appended, KeyDestroyer, StoredEvent
from domain.people.office import Office
from domain.publication.desk import Publication
from domain.service_desk.disclosure import Disclosure
from domain.service_desk.erasure import Erasure
from tests.support.estates.desk_estate import Estate


class Proposed(Exception):
    """What would have been written."""

    def __init__(self, append: Append) -> None:
        self.append = append


class ProposingLog:
    """A log that is read as ever, and gives back what it should write instead of writing it."""

    def __init__(self, log: Any) -> None:
        self._log = log

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    async def append(self, append: Append) -> Appended:
        raise Proposed(append)


def proposing(estate: Estate) -> Office:
    """The estate's office over a log that only proposes."""
    log: Any = ProposingLog(estate.g.store)
    return estate.office(Journal(log, estate.g.journal.codec, estate.g.sealer))


def approvals_over(estate: Estate, office: Office, keys: KeyDestroyer | None = None) -> Approvals:
    """The estate's approvals, with every command that may wait, over another office and perhaps another destroyer of keys."""
    erasure = Erasure(office, estate.g.register, keys or estate.g.keys)
    month_close = MonthClose(office, estate.g.month_close._records)
    others = Publication(office), erasure, Disclosure(office), FindingDesk(office), month_close
    return Approvals(office, two_person_commands(office, *others))


async def outcome(deciding: Awaitable[Any]) -> str:
    """accepted, waiting (for a second person), denied, or the name of the rule or field that refused it."""
    try:
        await deciding
    except Proposed as proposed:
        return "waiting" if proposed.append.events[0].topic == "approval.requested" else "accepted"
    except NotAllowed:
        return "denied"
    except RuleRefused as refused:
        return refused.rule
    except TransitionRefused:
        return "transition"
    except InvalidInput as wrong:
        return wrong.errors[0].pointer
    raise AssertionError("nothing was written and nothing refused")


async def proposal(estate: Estate, deciding: Awaitable[Any]) -> list[Any]:
    """The events that would have been written, decoded."""
    try:
        await deciding
    except Proposed as proposed:
        now = estate.clock.now()
        return [
            estate.g.journal.codec.decode(StoredEvent(0, e.stream_id, e.version, e.topic, e.community, now, e.state))
            for e in proposed.append.events
        ]
    raise AssertionError("nothing was written and nothing refused")
