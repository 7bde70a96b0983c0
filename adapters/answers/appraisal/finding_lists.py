"""Pages of the findings that a caller may read."""

from collections.abc import Sequence

from adapters.answers.appraisal.finding import FindingAnswer, finding_answer
from adapters.answers.caller import Caller
from adapters.answers.paging import Page, readable_page
from adapters.composition import Gongdan
from domain.kernel.errors import NotFound
from projections.appraisal.findings import FINDINGS, FindingFilters, FindingRow, findings


async def page_of_findings(
    gongdan: Gongdan, caller: Caller, filters: FindingFilters, cursor: str | None, limit: int
) -> Page[FindingAnswer]:
    """List the findings that match the filters and that the caller may read, the latest first, texts masked.

    Raises NotFound for a community in which the caller has no role.
    """
    g = gongdan
    own = caller.directory.communities_of(caller.login, g.clock.now())
    if filters.community is not None and filters.community not in own:
        raise NotFound("community")
    communities = own if filters.community is None else [filters.community]
    books = {code: await g.finding_records.book(code) for code in communities}
    reader = g.projections.reader(FINDINGS.name)

    async def fetch(before: int | None, size: int) -> Sequence[FindingRow]:
        return await findings(reader, communities, filters, before=before, limit=size)

    def may_read(row: FindingRow) -> bool:
        return g.finding_records.may_read(caller.directory, caller.login, row.state(), books[row.community])

    rows, more = await readable_page(fetch, may_read, limit, cursor)
    readings = [await g.finding_records.after_command(caller.login, row.state(), directory=caller.directory) for row in rows]
    return Page[FindingAnswer](items=[finding_answer(reading) for reading in readings], next_cursor=more)
