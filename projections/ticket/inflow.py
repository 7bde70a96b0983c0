"""Inflow (接单量): tickets received by a community in each hour up to a moment, from the ticket directory."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from domain.people.assignee import Assignee
from projections.engine.bounds import seen
from projections.engine.tables import micros
from projections.engine.view import Params, Reader

HOUR = timedelta(hours=1)


async def inflow(
    reader: Reader,
    community: str,
    *,
    until: datetime,
    hours: int = 24,
    at: int | None = None,
    areas: Sequence[str] | None = None,
    own: Sequence[Assignee] | None = None,
) -> list[int]:
    """Count the tickets received in each of the ``hours`` before ``until``, the earliest first.

    ``at`` is a log position (None: now). ``areas`` and ``own`` limit the count to what the asker may see.
    """
    begin = until - hours * HOUR
    params: Params = {"community": community, "begin": micros(begin), "until": micros(until), "at": at}
    where = ["community = :community", "received_at > :begin", "received_at <= :until", *seen(areas, own, params)]
    where += ["first_position <= :at"] if at is not None else []
    hour = f"(received_at - :begin - 1) / {micros(begin + HOUR) - micros(begin)}"
    sql = f"SELECT {hour}, CAST(count(*) AS BIGINT) FROM {{ticket_directory}} WHERE {' AND '.join(where)} GROUP BY {hour}"
    [rows] = (await reader.read([(sql, params)])).results
    counts: dict[int, int] = dict(rows)
    return [int(counts.get(i, 0)) for i in range(hours)]
