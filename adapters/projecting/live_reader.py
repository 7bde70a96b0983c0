"""Queries to the live table set of a view; all statements of a query see one moment."""

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from adapters.projecting.tables.catalogue import Catalogue
from adapters.projecting.tables.row_tables import RowTables
from adapters.store.database.database import ReadLane, Row, Transaction, Work
from domain.kernel.errors import Overloaded
from projections.engine.view import Answer, Ask, Statements, View

T = TypeVar("T")
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

    async def read(self, statements: Statements) -> Answer:
        """Run the statements; raises Overloaded while the view is first built, also for a new program version."""

        async def ask(query: Ask) -> Sequence[Sequence[Row]]:
            return await query(statements)

        return Answer(*await self.consult(ask))

    async def consult(self, question: Callable[[Ask], Coroutine[Any, Any, T]]) -> tuple[int, T]:
        """Run a function that asks several times, on one snapshot; raises Overloaded like :meth:`read`."""
        while True:
            tables = self._tables or await self._look()
            try:
                found = await self._catalogue.database.snapshot(self._over(tables, question), lane=self._lane)
            except Overloaded:
                raise
            except _Exchanged:
                self._tables = None
                continue
            except Exception:
                # The tables may have been exchanged and dropped since the catalogue was read.
                self._tables = None
                if (await self._look()).version == tables.version:
                    raise
                continue
            self._tables = tables
            return found

    def _over(self, tables: RowTables, question: Callable[[Ask], Coroutine[Any, Any, T]]) -> Work[tuple[int, T]]:
        """Answers from these tables; raises _Exchanged where others are live, which is asked together with the first query."""

        async def work(tx: Transaction) -> tuple[int, T]:
            position: int | None = None

            async def ask(statements: Statements) -> Sequence[Sequence[Row]]:
                nonlocal position
                wanted = [(sql.format_map(tables.names), params) for sql, params in statements]
                if position is not None:
                    return await tx.queries(wanted) if wanted else []
                live, *results = await tx.queries([(LIVE_SET, {"name": self._view.name}), *wanted])
                if not live or live[0][0] != tables.version:
                    raise _Exchanged
                position = live[0][1]
                return results

            value = await question(ask)
            if position is None:
                await ask([])
            assert position is not None
            return position, value

        return work

    async def _look(self) -> RowTables:
        live = await self._catalogue.live(self._view.name)
        if live is None or not live.of(self._view):
            raise Overloaded(f"{self._view.name} is being built")
        return RowTables(self._view, live.version)


class _Exchanged(Exception):
    """Another table set is live now."""
