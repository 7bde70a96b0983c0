"""Read foreign logs (CSV, XES) as raw cases, before any mapping."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BufferedReader
from typing import Any
from xml.sax import SAXParseException
from xml.sax.handler import ContentHandler

from defusedxml import DefusedXmlException
from defusedxml.expatreader import DefusedExpatParser

from adapters.exchange.importing.source import DEFAULT_LIMITS, FileRefused, Limits, text_lines


@dataclass(frozen=True, slots=True)
class RawEntry:
    """One entry of a case: its activity, its moment as written in the file, its own attributes."""

    activity: str
    moment: str
    attributes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RawCase:
    """One case. ``row``: the line (CSV) or the number of the trace (XES); ``entries`` in the file's order."""

    name: str
    row: int
    attributes: Mapping[str, str]
    entries: Sequence[RawEntry]


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that can't be read as a case."""

    row: int
    detail: str


def read_csv(
    stream: BufferedReader,
    *,
    encoding: str,
    delimiter: str,
    case: str,
    moments: Sequence[str],
    needed: Sequence[str],
    limits: Limits = DEFAULT_LIMITS,
) -> Iterator[RawCase | BadRow]:
    """Yield one case for each row; each non-empty cell of the columns ``moments`` is an entry. All cells are text.

    Raises FileRefused where a named column is missing or a line can't be read.
    """
    advice = 'the file\'s encoding in the mapping, such as encoding = "{other}"'
    header, rows = csv_rows(stream, encoding=encoding, delimiter=delimiter, advice=advice, limits=limits)
    check_header(header, (case, *moments, *needed))
    for found in rows:
        if isinstance(found, BadRow):
            yield found
            continue
        line, row = found
        entries = [RawEntry(column, row[column], row) for column in moments if row[column].strip()]
        yield RawCase(row[case].strip(), line, row, entries)


def csv_rows(
    stream: BufferedReader, *, encoding: str, delimiter: str, advice: str, limits: Limits = DEFAULT_LIMITS
) -> tuple[Sequence[str], Iterator[tuple[int, Mapping[str, str]] | BadRow]]:
    """The names of the columns, and the rows below, each with its line; raises FileRefused where a line can't be read.

    ``advice``: how to state another encoding, for the error text.
    """
    reader = csv.reader(text_lines(stream, encoding, limits, advice=advice), delimiter=delimiter, strict=True)
    try:
        header = next(reader, None)
    except csv.Error as error:
        raise FileRefused(f"line 1: {error}") from error
    if not header:
        raise FileRefused("is empty: the first line must name the columns")

    def rows() -> Iterator[tuple[int, Mapping[str, str]] | BadRow]:
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader, None)
            except csv.Error as error:
                yield BadRow(line, str(error))
                continue
            if cells is None:
                return
            if not cells:
                continue
            if len(cells) != len(header):
                yield BadRow(line, f"has {len(cells)} cells, but there are {len(header)} columns")
                continue
            yield line, dict(zip(header, cells, strict=True))

    return header, rows()


def check_header(header: Sequence[str], needed: Sequence[str]) -> None:
    """Raise FileRefused where a column is named twice or a needed one is missing."""
    twice = sorted({name for name in header if name and header.count(name) > 1})
    missing = [name for name in dict.fromkeys(needed) if name not in header]
    if twice or missing:
        what = f"has no column {', '.join(missing)}" if missing else f"has the column {', '.join(twice)} twice"
        raise FileRefused(f"{what}; columns: {', '.join(header)[:500]}")


XES_TYPES = {"string", "date", "int", "float", "boolean", "id"}
ACTIVITY, MOMENT = "concept:name", "time:timestamp"
DEPTH = 64


def read_xes(stream: BufferedReader, *, limits: Limits = DEFAULT_LIMITS) -> Iterator[RawCase]:
    """Yield the cases of an XES log (IEEE 1849); nested attributes and lists are left out.

    Raises FileRefused for a file that is no XES, declares a document type or entities, or exceeds the limits. Parsed as a stream:
    a log may be larger than memory, and one endless element must not fill it.
    """
    parser: Any = DefusedExpatParser(forbid_dtd=True, forbid_entities=True, forbid_external=True)
    traces = _Traces()
    parser.setContentHandler(traces)
    elements, silent, case = 0, 0, 0
    try:
        while chunk := stream.read(CHUNK):
            parser.feed(chunk)
            silent = 0 if traces.elements > elements else silent + len(chunk)
            case = 0 if traces.found or not traces.inside else case + len(chunk)
            elements = traces.elements
            yield from traces.found
            traces.found.clear()
            if silent > limits.line:
                raise FileRefused(f"line {parser.getLineNumber()}: an element is longer than {limits.line} bytes")
            if case > limits.case:
                raise FileRefused(f"line {parser.getLineNumber()}: a case is longer than {limits.case} bytes")
        if not traces.elements:
            raise FileRefused("is empty or not XML")
        parser.close()
    except SAXParseException as error:
        raise FileRefused(f"line {error.getLineNumber()}: is not well-formed XML: {error.getMessage()}") from error
    except DefusedXmlException as error:
        raise FileRefused(f"declares a document type or entities ({type(error).__name__}), which no log needs") from error


CHUNK = 32 * 1024


class _Traces(ContentHandler):
    """Content handler that assembles traces; holds only the one being read."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[RawCase] = []
        self.elements = 0
        self.inside = False
        self._depth = 0
        self._count = 0
        self._in_event = False
        self._trace: dict[str, str] = {}
        self._event: dict[str, str] = {}
        self._entries: list[RawEntry] = []

    def startElement(self, name: str, attrs: Any) -> None:
        """Handle the start of an element; raises FileRefused."""
        tag = name.rpartition(":")[2]
        self.elements += 1
        self._depth += 1
        depth = self._depth
        if depth > DEPTH:
            raise FileRefused(f"nests deeper than {DEPTH} elements")
        if self.inside and tag in XES_TYPES:
            if depth == (4 if self._in_event else 3):
                key, value = attrs.get("key"), attrs.get("value")
                if key is not None and value is not None:
                    (self._event if self._in_event else self._trace)[key] = value
        elif self.inside and tag == "event" and depth == 3:
            self._event, self._in_event = {}, True
        elif tag == "trace" and depth == 2:
            self._trace, self._entries, self.inside = {}, [], True
        elif depth == 1 and tag != "log":
            raise FileRefused(f"is not an XES log: it begins with <{tag[:40]}>")

    def endElement(self, name: str) -> None:
        """Handle the end of an element."""
        if self._depth == 3 and self._in_event:
            own = self._event
            self._entries.append(RawEntry(own.get(ACTIVITY, ""), own.get(MOMENT, ""), own))
            self._in_event = False
        elif self._depth == 2 and self.inside:
            self._count += 1
            self.found.append(RawCase(self._trace.get(ACTIVITY, "").strip(), self._count, self._trace, self._entries))
            self.inside = False
        self._depth -= 1
