"""Pages of the books (记录册): the seven registers by number, void numbers shown; also as Excel and to print."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote, urlencode

import anyio.to_thread
from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from adapters.exchange.exporting.books import BOOK_NAMES, RegisterAnswer, register_answer, register_month
from adapters.exchange.exporting.workbooks import BOOK_TITLES, write_register
from adapters.pages.frame.moments import day_in
from adapters.pages.frame.site import HEADERS
from adapters.pages.frame.visitor import TheVisitor, Visitor
from adapters.rendering.printed_book import POLICY, printed_book
from domain.kernel.errors import NotFound

router = APIRouter(include_in_schema=False)

Writes = Callable[[Path], None]

ON_A_PAGE = 50
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@router.get("/books")
async def books(
    visitor: TheVisitor, book: str = "repair", first: str | None = None, last: str | None = None, after: int = 0
) -> Response:
    """Show a book's entries recorded between two days, masked for every visitor."""
    found, more = await _read(visitor, book, first, last, after, ON_A_PAGE)
    chosen = {name: value for name, value in (("book", book), ("first", first), ("last", last)) if value}
    return visitor.page(
        "ticket/books.html",
        found=found,
        books=BOOK_NAMES,
        chosen=chosen,
        this_month=f"{visitor.directory.day(found.community, visitor.now):%Y-%m}",
        excel=f"/books.xlsx?{urlencode(chosen)}",
        begin=f"/books?{urlencode(chosen)}" if after else None,
        following=f"/books?{urlencode({**chosen, 'after': more})}" if more is not None else None,
    )


@router.get("/books.xlsx")
async def workbook(visitor: TheVisitor, book: str = "repair", first: str | None = None, last: str | None = None) -> Response:
    """Download all of these entries as an Excel workbook."""
    found, more = await _read(visitor, book, first, last, 0, 200)
    entries = list(found.items)
    while more is not None:
        page, more = await _read(visitor, book, first, last, more, 200)
        entries += page.items
    span = " – ".join(day for day in (first, last) if day)

    def written(path: Path) -> None:
        write_register(path, book, found.community, span, visitor.directory.zone(found.community), entries)

    return await as_file(written, f"{BOOK_TITLES[book]}{span}.xlsx")


@router.get("/books/print")
async def printed(visitor: TheVisitor, month: str, book: str = "repair") -> Response:
    """Print a month of a book on A4. The page loads nothing and has a content security policy of its own."""
    if visitor.community is None:
        raise NotFound("community")
    found = await register_month(visitor.gongdan, visitor.directory, visitor.login, visitor.community, book, month)
    name, zone = visitor.directory.community(found.community).name, visitor.directory.zone(found.community)
    page = printed_book(visitor.site.templates, book, name, month, zone, found.items, visitor.now)
    return HTMLResponse(page, headers=HEADERS | {"Content-Security-Policy": POLICY})


async def as_file(write: Writes, name: str) -> Response:
    """Answer with a workbook to download. It is written in a thread, since writing blocks."""

    def content() -> bytes:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "book.xlsx"
            write(path)
            return path.read_bytes()

    disposition = f"attachment; filename*=UTF-8''{quote(name.replace(' ', ''))}"
    headers = HEADERS | {"Content-Disposition": disposition}
    return Response(await anyio.to_thread.run_sync(content), headers=headers, media_type=XLSX)


async def _read(
    visitor: Visitor, book: str, first: str | None, last: str | None, after: int, limit: int
) -> tuple[RegisterAnswer, int | None]:
    if visitor.community is None:
        raise NotFound("community")
    return await register_answer(
        visitor.gongdan,
        visitor.directory,
        visitor.login,
        visitor.community,
        book,
        from_day=day_in(first, "/from"),
        to_day=day_in(last, "/to"),
        after=max(0, min(after, 2**62)),
        limit=limit,
    )
