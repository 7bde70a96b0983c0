"""Records of a community's appraisal, read from the read model ``appraisal_tally``."""

from adapters.projecting.projections import Projections
from domain.kernel.errors import Overloaded
from domain.kernel.ports import EventLog
from domain.rules.scorecard import RuleBook
from domain.tally.record import Record
from projections.appraisal.appraisal_tally import APPRAISAL_TALLY, record

WAIT_SECONDS = 5.0
"""How long to wait for the view to reach the end of the log."""


class ProjectedRecords:
    """The port ``domain.appraisal.month_close.Records`` over the live tables."""

    def __init__(self, log: EventLog, projections: Projections) -> None:
        self._log = log
        self._projections = projections

    async def whole(self, community: str, year: int, first: RuleBook) -> tuple[int, Record]:
        """The position and the year's record up to the present end of the log.

        Raises errors.Overloaded while the view is behind or has a parked stream: a month closed on such a record would omit
        points for good.
        """
        name = APPRAISAL_TALLY.name
        head = (await self._log.head()).position
        if not await self._projections.wait_for(name, head, WAIT_SECONDS):
            raise Overloaded(f"{name} has not reached position {head} yet")
        if any(one.parked for one in await self._projections.status() if one.name == name):
            raise Overloaded(f"{name} has parked streams; see `gongdan projections status`")
        known = await record(self._projections.reader(name), community, year, first)
        return known.position, known.record
