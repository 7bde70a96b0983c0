"""Two real logs with the mappings shipped; skipped where the logs are absent."""

from collections import Counter
from pathlib import Path

import pytest

from adapters.exchange.importing.importing import ImportReport, import_log, mapping_text
from domain.kernel.terms import Book
from domain.people.administration import Administrator
from tests.importing.samples import real_log
from tests.support.estates.api_estate import Estate

pytestmark = pytest.mark.anyio
CONTRACTORS = ("hpd", "dot", "dep", "dob", "dpr", "helpdesk")


async def bring(estate: Estate, path: Path, mapping: str, *, dry_run: bool = False) -> ImportReport:
    imports = estate.gongdan.imports
    return await import_log(imports, path, mapping_text(mapping), "JX", "chen", "wang", dry_run=dry_run)


@pytest.fixture
async def ready(estate: Estate) -> Estate:
    operator = Administrator("operator", estate.gongdan.ids.new(), operator=True)
    for code in CONTRACTORS:
        await estate.gongdan.administration.register_contractor("JX", code, code, operator)
    return estate


async def gapless(estate: Estate) -> Counter[str]:
    """How many numbers each book holds; every one is the one before it and one more."""
    last: Counter[str] = Counter()
    position = 0
    while found := await estate.gongdan.store.read_log(position, 5000):
        position = found[-1].position
        for stored in found:
            if stored.number and stored.book:
                assert int(stored.number.rpartition("-")[2]) == last[stored.book] + 1
                last[stored.book] += 1
    return last


async def test_nyc_311(ready: Estate) -> None:
    path = real_log("nyc311_2013-12-25.csv")
    report = await bring(ready, path, "nyc311")
    assert (report.read, report.accepted) == (2386, 2385)
    assert [(o.name, o.reason) for o in report.refused] == [("26984786", "out_of_order")]
    assert report.states == {"repaired": 2285, "dispatched": 50, "classified": 50}
    assert (await gapless(ready))[Book.INTAKE] == 2385
    again = await bring(ready, path, "nyc311")
    assert (again.accepted, again.already_there, again.events) == (0, 2385, 0)


async def test_the_help_desk(ready: Estate) -> None:
    path = real_log("helpdesk.xes.gz")
    report = await bring(ready, path, "helpdesk")
    assert (report.read, report.accepted, report.refused) == (4580, 4580, [])
    assert report.states == {"repaired": 4569, "dispatched": 7, "received": 4}
    assert report.verdicts.startswith("none"), "closing is no verdict"
    assert report.unmatched["Closed"] == 4574
    numbers = await gapless(ready)
    assert (numbers[Book.INTAKE], numbers[Book.DAILY]) == (4580, 4576)
    again = await bring(ready, path, "helpdesk", dry_run=True)
    assert (again.accepted, again.already_there) == (0, 4580)
