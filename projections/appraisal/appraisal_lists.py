"""Lists of what was reported for the appraisal (考评), the latest first: figures, warnings in force, probations, evaluations."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from domain.kernel.periods import Month
from projections.appraisal.appraisal_tally import (
    EVALUATIONS,
    FIGURES,
    PROBATIONS,
    REPRIMANDS,
    EvaluationRow,
    FigureRow,
    ProbationRow,
    ReprimandRow,
)
from projections.engine.tables import Table
from projections.engine.view import Params, Reader

R = TypeVar("R", FigureRow, ReprimandRow, ProbationRow, EvaluationRow)

_OF_MONTH: Mapping[Table[Any], str] = {
    FIGURES: "month = :month",
    REPRIMANDS: "day BETWEEN :first AND :last",
    PROBATIONS: "begins <= :last AND ends >= :first",
    EVALUATIONS: "month = :month",
}
"""Conditions for belonging to a month: a period that ends with it, a day in it, a probation that overlaps it."""


async def reported(
    reader: Reader,
    table: Table[R],
    community: str,
    *,
    month: Month | None = None,
    before: int | None = None,
    limit: int = 50,
    **fields: str | None,
) -> Sequence[R]:
    """Rows of a community, the latest first.

    ``before`` is the position to continue from; ``fields`` are columns with the value sought.
    """
    params: Params = {"community": community, "before": before, "limit": limit}
    where = ["community = :community"]
    if before is not None:
        where.append("first_position < :before")
    if month is not None:
        where.append(_OF_MONTH[table])
        params |= {"month": str(month), "first": f"{month}-01", "last": month.last_day.isoformat()}
    for column, value in fields.items():
        if value is not None:
            where.append(f"{column} = :{column}")
            params[column] = value
    sql = f"SELECT {table.listed} FROM {{{table.name}}} WHERE {' AND '.join(where)} ORDER BY first_position DESC LIMIT :limit"
    return [table.decode(row) for row in (await reader.read([(sql, params)])).results[0]]
