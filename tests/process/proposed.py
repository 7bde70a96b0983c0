"""The system's proposals in an estate, read from the log alone."""

from uuid import UUID

from domain.finding.events import FindingState
from domain.kernel.aggregate import fold
from domain.kernel.terms import FindingStatus
from tests.support.estates.desk_estate import Estate


async def findings(estate: Estate) -> list[FindingState]:
    """Every finding, in the order of the log."""
    events: dict[UUID, list[object]] = {}
    for stored in await estate.g.store.read_log(0, 100_000):
        if stored.topic.startswith("finding."):
            events.setdefault(stored.stream_id, []).append(estate.g.journal.codec.decode(stored))
    return [fold(of_it) for of_it in events.values()]


async def proposed(estate: Estate) -> list[FindingState]:
    """Findings still proposed, once everything due was looked at."""
    await estate.g.processes.catch_up()
    return [finding for finding in await findings(estate) if finding.status is FindingStatus.PROPOSED]


async def told(estate: Estate) -> list[tuple[str, str]]:
    """Item and date of the findings still proposed."""
    return sorted((finding.item, f"{finding.day}") for finding in await proposed(estate))
