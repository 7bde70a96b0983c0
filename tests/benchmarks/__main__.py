"""``make bench``: measures and prints ratios; starts and stops its own PostgreSQL."""

import asyncio

from rich.console import Console
from rich.table import Table

from tests.benchmarks import appending, appraisal, duty, live, pages, rules
from tests.benchmarks.rounds import Row
from tests.support.postgres_server import running_postgres


def main() -> None:
    """Measure every row and print the table."""
    found = [rules.transitions(), rules.loading(), appraisal.year(), asyncio.run(appending.on_sqlite())]
    with running_postgres(on_disk=True) as server:
        found.append(asyncio.run(appending.on_postgres(server.create_database(), server.create_database())))
    found += asyncio.run(duty.rows())
    found += asyncio.run(pages.rows())
    found.append(asyncio.run(live.repaint()))
    Console(width=110).print(_table(found))


def _table(rows: list[Row]) -> Table:
    table = Table(title="operations a second, and the ratio that counts")
    for column in ("what", "ours", "baseline", "against", "ratio", "goal"):
        table.add_column(column, justify="left" if column in ("what", "against") else "right")
    for row in rows:
        goal = f"≥ {row.goal:g}×" if row.goal else "–"
        table.add_row(row.what, f"{row.ours:,.0f}", f"{row.baseline:,.0f}", row.against, f"{row.ratio:.1f}×", goal)
    return table


if __name__ == "__main__":
    main()
