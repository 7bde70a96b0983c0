"""Encode events as canonical JSON, and decode them.

Canonical form: UTF-8, sorted keys, no spaces. An event is ``{"data": …, "meta": …, "v": class version}``; times are ISO 8601
UTC with six digits and ``Z``, identifiers and decimals texts, enumerations their codes, personal texts their sealed form. None is
left out where it is the default. The form is canonical because the bytes are hashed and compared: proofs cover them, and a
retry recognises its own first event by them (sql_store.written_before).

Decoding builds the event without running its checks: replay never refuses.
"""

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, cast, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec
import orjson
from msgspec.structs import asdict

import domain.appraisal.evaluation
import domain.appraisal.figure
import domain.appraisal.probation
import domain.appraisal.reprimand
import domain.approval.aggregate
import domain.duty.roster
import domain.duty.shift
import domain.finding.events
import domain.household.dwelling
import domain.household.register
import domain.household.resident
import domain.kernel.subject_file
import domain.people.community
import domain.people.post
import domain.people.staff
import domain.process.reminder
import domain.process.service
import domain.tally.months_closed
import domain.ticket.events  # noqa: F401  each registers its events
from domain.kernel.aggregate import TOPICS, Folded, Meta, payload_fields
from domain.kernel.ports import StoredEvent
from domain.kernel.privacy import Personal, Private, Sealed

_OPTIONS = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS


class CodecError(Exception):
    """An event can't be encoded or decoded."""


@dataclass(eq=False)
class ClearText(CodecError):
    """A personal text was to be encoded unsealed."""

    what: str

    def __str__(self) -> str:
        return f"{self.what}: personal data must be sealed before it is encoded"


@dataclass(eq=False)
class UnknownTopic(CodecError):
    """No event class has this topic: the log was written by newer or other code."""

    topic: str

    def __str__(self) -> str:
        return f"no event has the topic {self.topic}"


@dataclass(eq=False)
class UnknownVersion(CodecError):
    """The event's class version is newer than this code."""

    topic: str
    version: int
    known: int

    def __str__(self) -> str:
        return f"{self.topic} is stored in version {self.version}; this code knows up to {self.known}"


@dataclass(eq=False)
class Malformed(CodecError):
    """The bytes are not JSON, or a field is missing, unknown or of another type."""

    what: str
    detail: str

    def __str__(self) -> str:
        return f"{self.what} is malformed: {self.detail}"


def encode(event: Folded.Event) -> bytes:
    """Encode an event; raises ClearText where a personal text is not sealed."""
    kind = type(event)
    known = _fields(kind)
    meta = _stored_fields(event.meta)
    meta["occurred_at"] = event.timestamp
    data = {name: value for name in payload_fields(kind) if not _left_out(known[name], value := getattr(event, name))}
    return _dump({"v": class_version(kind), "meta": meta, "data": data}, topic_of(kind))


def decode(topic: str, stream_id: UUID, version: int, state: bytes) -> Folded.Event:
    """Decode an event; an older class version goes through the class's ``upcast_vN_vM`` first.

    Raises UnknownTopic, UnknownVersion or Malformed.
    """
    try:
        event = TOPICS[topic]
    except KeyError:
        raise UnknownTopic(topic) from None
    reader = _event_reader(event)
    if not state.endswith(reader.newest):
        state = _upcast(event, state)
    try:
        stored = reader.decoder.decode(state)
    except msgspec.DecodeError as error:
        raise Malformed(f"{topic}, version {version} of {stream_id}", str(error)) from error
    attributes = _made(stored.data, reader.makes)
    recorded = asdict(stored.meta)
    attributes["originator_id"] = stream_id
    attributes["originator_version"] = version
    attributes["timestamp"] = recorded.pop("occurred_at")
    # Set whole, since the generated ``__init__`` of a frozen dataclass takes as long as parsing.
    meta = attributes["meta"] = object.__new__(Meta)
    object.__setattr__(meta, "__dict__", recorded)
    made = object.__new__(event)
    object.__setattr__(made, "__dict__", attributes)
    return made


def decode_stored(stored: StoredEvent) -> Folded.Event:
    """Decode a row of the log."""
    return decode(stored.topic, stored.stream_id, stored.version, stored.state)


class EventCodec:
    """The Codec port, for journals, recorders and projections."""

    def encode(self, event: Folded.Event) -> bytes:
        """See :func:`encode`."""
        return encode(event)

    def decode(self, stored: StoredEvent) -> Folded.Event:
        """See :func:`decode_stored`."""
        return decode_stored(stored)


def class_version(event: type[Folded.Event]) -> int:
    """The version in which this class writes its events; 1 where it says nothing."""
    return cast(int, getattr(event, "class_version", 1))


def topic_of(event: type[Folded.Event]) -> str:
    """The explicit topic of an event class."""
    return event.TOPIC


# --- writing -----------------------------------------------------------------------------------------------------------


def _left_out(field: "Field[Any]", value: Any) -> bool:
    """Whether a field is left out: only None as its default. Other defaults are written, since the code's default may change
    and the recorded fact must not."""
    return value is None and field.default is None


@cache
def _fields(kind: Any) -> dict[str, "Field[Any]"]:
    return {f.name: f for f in fields(kind)}


def _stored_fields(value: object) -> dict[str, Any]:
    known = _fields(type(value))  # type: ignore[arg-type]
    return {name: found for name, f in known.items() if not _left_out(f, found := getattr(value, name))}


def _stored(value: Any) -> Any:
    """The JSON value of a type that orjson doesn't know."""
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, Sealed):
        return {
            "subject": value.subject,
            "key_version": value.key_version,
            "nonce": b64encode(value.nonce).decode(),
            "ciphertext": b64encode(value.ciphertext).decode(),
        }
    if isinstance(value, Personal):
        raise ClearText(repr(value))
    if is_dataclass(value):
        return _stored_fields(value)
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no stored form")


def instant(moment: datetime) -> str:
    """A moment as ISO 8601 UTC with six digits and ``Z``; raises ValueError where it has no offset."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no offset")
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def _dump(value: Mapping[str, Any], what: str) -> bytes:
    try:
        return orjson.dumps(value, default=_stored, option=_OPTIONS)
    except orjson.JSONEncodeError as error:
        if isinstance(error.__cause__, ClearText):
            raise ClearText(f"{what}, {error.__cause__.what}") from error
        raise Malformed(what, str(error.__cause__ or error)) from error


# --- reading -----------------------------------------------------------------------------------------------------------

Make = Callable[[Any], Any]
"""Makes the domain's value of what was parsed."""

_Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class _Seal(msgspec.Struct, forbid_unknown_fields=True):
    """The stored form of a sealed text; bytes are base64."""

    subject: UUID
    key_version: int
    nonce: bytes
    ciphertext: bytes


@dataclass(frozen=True, slots=True)
class _Reader:
    """The parser of one event class. ``newest``: the last bytes of its newest version, which need no upcast.

    Keys are sorted, so ``"v"`` comes last; comparing the end spares parsing the bytes only to learn their version. ``makes``:
    for the fields whose parsed value is not yet the domain's.
    """

    decoder: msgspec.json.Decoder[Any]
    makes: Mapping[str, Make]
    newest: bytes


@cache
def _event_reader(event: type[Folded.Event]) -> _Reader:
    known = _fields(event)
    data, makes = _parsed(event, [known[name] for name in payload_fields(event)])
    meta, _ = _parsed(Meta, list(fields(Meta)), [("occurred_at", _Moment)])
    envelope = msgspec.defstruct("event", [("v", int), ("meta", meta), ("data", data)], forbid_unknown_fields=True)
    return _Reader(msgspec.json.Decoder(envelope), makes, b',"v":%d}' % class_version(event))


def _parsed(
    kind: type[object], wanted: "list[Field[Any]]", more: Sequence[tuple[str, Any]] = ()
) -> tuple[type[msgspec.Struct], dict[str, Make]]:
    """What msgspec parses a class's stored form into, and what makes the domain's values of those fields that need it.

    Not the class itself: of a dataclass msgspec would ignore unknown fields. A field that is left out has its default.
    """
    hints = get_type_hints(kind)
    parts: list[Any] = list(more)
    makes: dict[str, Make] = {}
    for field in wanted:
        form, make = _form(hints[field.name])
        if make is not None:
            makes[field.name] = make
        if field.default is not MISSING:
            parts.append((field.name, form, field.default))
        elif field.default_factory is not MISSING:
            parts.append((field.name, form, msgspec.field(default_factory=field.default_factory)))
        else:
            parts.append((field.name, form))
    return msgspec.defstruct(kind.__name__, parts, kw_only=True, forbid_unknown_fields=True), makes


def _made(parsed: msgspec.Struct, makes: Mapping[str, Make]) -> dict[str, Any]:
    """The domain's values of what :func:`_parsed` describes, by field."""
    found = asdict(parsed)
    for name, make in makes.items():
        found[name] = make(found[name])
    return found


def _form(hint: Any) -> tuple[Any, Make | None]:
    """What msgspec parses a type's stored form into, and how the domain's value is made of that; None: it is that already.

    Of a union one member at most needs making; it leaves the others' values as they are.
    """
    if hint is Private:
        return _Seal, _seal
    if hint is datetime:
        return _Moment, None
    if is_dataclass(hint):
        return _value_form(cast(Any, hint))
    if not get_args(hint):
        return hint, None
    forms, makes = zip(*(_form(inner) for inner in get_args(hint)), strict=True)
    [make] = {make for make in makes if make is not None} or {None}
    origin = Union if isinstance(hint, UnionType) else get_origin(hint)
    form = origin[forms]
    if make is None or origin is Union:
        return form, make
    if origin is tuple:
        return form, lambda values: tuple(map(make, values))
    return form, lambda values: {key: make(value) for key, value in values.items()}


@cache
def _value_form(kind: Any) -> tuple[Any, Make]:
    form, makes = _parsed(kind, list(fields(kind)))
    return form, lambda value: kind(**_made(value, makes)) if type(value) is form else value


def _seal(value: Any) -> Any:
    return Sealed(value.subject, value.key_version, value.nonce, value.ciphertext) if type(value) is _Seal else value


def _upcast(event: type[Folded.Event], state: bytes) -> bytes:
    """Rewrite the bytes of an older class version as the newest; upcasters are pure functions of the data."""
    topic, newest = topic_of(event), class_version(event)
    try:
        stored = orjson.loads(state)
        version, data = stored["v"], stored["data"]
    except (ValueError, TypeError, KeyError) as error:
        raise Malformed(topic, str(error)) from error
    if not isinstance(version, int) or isinstance(version, bool) or not 1 <= version <= newest:
        raise UnknownVersion(topic, version, newest)
    try:
        for step in range(version, newest):
            getattr(event, f"upcast_v{step}_v{step + 1}")(data)
    except (KeyError, TypeError, ValueError) as error:
        raise Malformed(topic, f"version {version}: {error!r}") from error
    return orjson.dumps({**stored, "v": newest, "data": data}, option=orjson.OPT_SORT_KEYS)
