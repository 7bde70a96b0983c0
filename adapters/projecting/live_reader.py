"""Queries to the live table set of a view; all statements of a query see one moment."""

from collections.abc import Sequence

from adapters.projecting.tables.catalogue import Catalogue
from adapters.projecting.tables.row_tables import RowTables
from adapters.store.database.database import ReadLane, Row, Transaction, Work
from domain.kernel.errors import Overloaded
from projections.engine.view import Answer, Params, View

LIVE_SET = "SELECT version, position FROM projections WHERE name = :name AND live = 1"


class LiveReader:
    """The reader of one view (projections.engine.view.Reader).

    Remembers which table set is live. Each query reads that again in its own transaction, and is repeated where it changed: a
    rebuild may exchange the sets between two queries. ``lane``: the database's lane in which they run.
    """

    def __init__(self, view: View, catalogue: Catalogue, lane: ReadLane = "reads") -> None:
        self._view = view
        self._catalogue = catalogue
        self._lane: ReadLane = lane
        self._tables: RowTables | None = None

    async def read(self, statements: Sequence[tuple[str, Params]]) -> Answer:
        """Run the statements; raises Overloaded while the view is first built, also for a new program version."""
        while True:
            tables = self._tables or await self._look()
            wanted = [(LIVE_SET, {"name": self._view.name}), *((sql.format_map(tables.names), p) for sql, p in statements)]
            try:
                live, *results = await self._catalogue.database.snapshot(_queries(wanted), lane=self._lane)
            except Overloaded:
                raise
            except Exception:
                # The tables may have been exchanged and dropped since the catalogue was read.
                self._tables = None
                if (await self._look()).version == tables.version:
                    raise
                continue
            if live and live[0][0] == tables.version:
                self._tables = tables
                return Answer(live[0][1], results)
            self._tables = None

    async def _look(self) -> RowTables:
        live = await self._catalogue.live(self._view.name)
        if live is None or not live.of(self._view):
            raise Overloaded(f"{self._view.name} is being built")
        return RowTables(self._view, live.version)


def _queries(wanted: Sequence[tuple[str, Params]]) -> Work[list[list[Row]]]:
    async def work(tx: Transaction) -> list[list[Row]]:
        return await tx.queries(wanted)

    return work
