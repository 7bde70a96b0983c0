"""Event bytes: canonical, with an exact round trip for every event class, and never with a personal text in the clear."""

import json
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, get_args, get_type_hints
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.store.log.codec import (
    ClearText,
    CodecError,
    EventCodec,
    Malformed,
    UnknownTopic,
    UnknownVersion,
    class_version,
    decode,
    encode,
    instant,
    topic_of,
)
from domain.kernel.aggregate import TOPICS, Folded, Meta, payload_fields
from domain.kernel.ports import StoredEvent
from domain.kernel.privacy import Personal, Private, Sealed
from domain.kernel.sealing import seal_fields, with_sealed
from domain.kernel.terms import Book, ClockName, Kind, SuspendReason
from domain.rules.clocks import ClockPolicy
from domain.ticket.events import Ticket
from domain.ticket.workflows import WORKFLOWS
from tests.support.clock import MORNING
from tests.support.examples import one_in
from tests.support.ticket_factory import (
    OTHER_TICKET,
    SUBJECT,
    TICKET,
    classified,
    completed,
    dispatched,
    fact,
    history,
    received,
)

CLASSES = sorted(TOPICS.values(), key=topic_of)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
moments = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
seals = st.builds(Sealed, st.uuids(), st.integers(1, 9), st.binary(min_size=12, max_size=12), st.binary(min_size=16, max_size=40))
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
limits = st.dictionaries(st.sampled_from(ClockName), st.integers(1, 10**6))
pauses = st.dictionaries(st.sampled_from(ClockName), st.lists(st.sampled_from(SuspendReason), max_size=3).map(tuple))

st.register_type_strategy(Private, seals)
st.register_type_strategy(datetime, moments)
st.register_type_strategy(str, texts)
st.register_type_strategy(Decimal, st.decimals(allow_nan=False, allow_infinity=False))
st.register_type_strategy(int, st.integers(-(2**53), 2**53))
st.register_type_strategy(ClockPolicy, st.builds(ClockPolicy, texts, limits, pauses))


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Any value of an annotated type; ``Any`` means JSON."""
    if hint is Any:
        return json_values
    if getattr(hint, "__origin__", None) in (dict, Mapping):
        key, value = get_args(hint)
        return st.dictionaries(values(key), values(value), max_size=3)
    return st.from_type(hint)


def events_of(kind: type[Folded.Event]) -> st.SearchStrategy[Folded.Event]:
    """Any event of a class."""
    hints = get_type_hints(kind)
    payload = {name: values(hints[name]) for name in payload_fields(kind)}
    head = {"originator_id": st.uuids(), "originator_version": st.integers(1, 999), "timestamp": moments}
    return st.builds(kind, **head, meta=st.from_type(Meta), **payload)


def decoded(event: Folded.Event, state: bytes | None = None) -> Folded.Event:
    state = encode(event) if state is None else state
    return decode(topic_of(type(event)), event.originator_id, event.originator_version, state)


# --- both ways -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", CLASSES, ids=topic_of)
def test_every_event_comes_back_as_it_was(kind: type[Folded.Event]) -> None:
    @one_in(3)
    @given(events_of(kind))
    def holds(event: Folded.Event) -> None:
        again = decoded(event)
        assert again == event
        assert type(again) is type(event)
        assert set(vars(again)) == set(vars(event))
        assert repr(again.meta) == repr(event.meta).replace(repr(event.timestamp), repr(again.timestamp))
        assert encode(again) == encode(event)

    holds()


@pytest.mark.parametrize("kind", CLASSES, ids=topic_of)
def test_bytes_are_canonical(kind: type[Folded.Event]) -> None:
    @one_in(3)
    @given(events_of(kind))
    def holds(event: Folded.Event) -> None:
        stored = encode(event)
        value = json.loads(stored)
        assert stored == json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        assert set(value) == {"data", "meta", "v"}
        assert value["v"] == class_version(kind)
        assert value["meta"]["occurred_at"] == f"{event.timestamp:%Y-%m-%dT%H:%M:%S.%f}Z"

    holds()


def test_none_is_left_out_where_it_is_the_default() -> None:
    """Other defaults are written."""
    (event,) = history([received(location=None, dwelling=None)])
    stored = json.loads(encode(event))
    assert not {"location", "dwelling"} & set(stored["data"])
    assert not {"on_behalf_of", "second_person", "causation_id"} & set(stored["meta"])
    assert {"urgency", "complained_of"} <= set(stored["data"])


@given(moments, st.sampled_from([ZoneInfo("Asia/Shanghai"), ZoneInfo("America/St_Johns"), timezone(timedelta(hours=-11))]))
def test_the_same_moment_is_the_same_bytes(moment: datetime, zone: Any) -> None:
    (event,) = history([received()])
    assert instant(moment.astimezone(zone)) == instant(moment)
    assert encode(replace(event, timestamp=moment.astimezone(zone))) == encode(replace(event, timestamp=moment))


def test_the_order_of_a_mapping_makes_no_difference() -> None:
    (event,) = history([received()])
    assert isinstance(event, Ticket.TicketReceived)
    policy = event.clock_policy
    turned = ClockPolicy(policy.version, dict(reversed(policy.limits.items())), dict(reversed(policy.pauses.items())))
    assert encode(replace(event, clock_policy=turned)) == encode(event)


def test_the_port() -> None:
    (event,) = history([received()])
    codec = EventCodec()
    stored = StoredEvent(1, TICKET, 1, "ticket.received", "garden", MORNING, codec.encode(event))
    assert codec.decode(stored) == event


# --- refusals ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", CLASSES, ids=topic_of)
def test_no_personal_text_is_written_in_the_clear(kind: type[Folded.Event]) -> None:
    hints = get_type_hints(kind)
    personal = [name for name in payload_fields(kind) if hints[name] is Private or Private in get_args(hints[name])]

    @one_in(3)
    @given(events_of(kind), st.sampled_from(personal))
    def holds(event: Folded.Event, name: str) -> None:
        clear = replace(event, **{name: Personal(SUBJECT, "王小明 13812345678")})
        with pytest.raises(ClearText) as refused:
            encode(clear)
        assert "王小明" not in str(refused.value)

    if personal:
        holds()


def test_moments_have_an_offset() -> None:
    (event,) = history([received()])
    with pytest.raises(Malformed, match="no offset"):
        encode(replace(event, timestamp=datetime(2026, 3, 2)))


def test_unknown_topics() -> None:
    with pytest.raises(UnknownTopic, match=r"ticket\.teleported"):
        decode("ticket.teleported", TICKET, 1, b"{}")


@pytest.mark.parametrize("version", [0, 3, 10, -1, True, "2", None])
def test_unknown_versions(version: object) -> None:
    event = history([received(), classified(), dispatched()])[-1]
    stored = encode(event).replace(b'"v":2', b'"v":' + json.dumps(version).encode())
    with pytest.raises(UnknownVersion) as refused:
        decoded(event, stored)
    assert (refused.value.topic, refused.value.known) == ("ticket.dispatched", 2)


def changed(event: Folded.Event, change: Callable[[dict[str, Any]], object]) -> bytes:
    value = json.loads(encode(event))
    change(value)
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


@pytest.mark.parametrize(
    "change",
    [
        lambda value: value["data"].update(surprise=1),
        lambda value: value["meta"].update(surprise=1),
        lambda value: value.update(a=1),
        lambda value: value["data"]["location"].update(surprise=1),
        lambda value: value["data"]["description"].update(surprise=1),
        lambda value: value["data"]["clock_policy"].update(surprise=1),
        lambda value: value["data"].pop("community"),
        lambda value: value["data"]["description"].pop("nonce"),
        lambda value: value["data"]["description"].update(nonce="*"),
        lambda value: value["data"]["description"].update(subject="nobody"),
        lambda value: value["data"].update(description="clear text"),
        lambda value: value["data"].update(channel="telepathy"),
        lambda value: value["data"].update(complained_of="wang"),
        lambda value: value["data"].update(subject=7),
        lambda value: value["meta"].pop("actor"),
        lambda value: value["meta"].pop("occurred_at"),
        lambda value: value["meta"].update(back_entered="yes"),
        lambda value: value.pop("data"),
        lambda value: value.update(data=[]),
    ],
)
def test_what_does_not_belong_is_refused(change: Callable[[dict[str, Any]], object]) -> None:
    (event,) = history([received()])
    with pytest.raises(Malformed):
        decoded(event, changed(event, change))


@pytest.mark.parametrize("stored", [b"", b"null", b"[]", b"{}", b'{"v":1}', b"\xff", b'{"data":{},"meta":{},"v":1', b"1"])
def test_what_is_no_event_is_refused(stored: bytes) -> None:
    with pytest.raises(CodecError):
        decode("ticket.dispatched", TICKET, 1, stored)


def test_an_older_event_that_does_not_upcast_is_refused() -> None:
    event = history([received(), classified(), dispatched()])[-1]
    with pytest.raises(Malformed, match="version 1"):
        decoded(event, changed(event, lambda value: value.update(v=1, data={})))


def test_left_out_fields_take_their_defaults() -> None:
    """A field added later with a default needs no new version."""
    (event,) = history([received()])
    stored = changed(event, lambda value: (value["data"].pop("urgency"), value["data"].pop("complained_of")))
    assert decoded(event, stored) == event


# --- sealing, clear columns ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", CLASSES, ids=topic_of)
def test_personal_fields_stand_at_the_top(kind: type[Folded.Event]) -> None:
    """A personal text inside a value inside an event would never be sealed."""

    def hidden(hint: Any) -> bool:
        if is_dataclass(hint):
            return any(found is Private or hidden(found) for found in get_type_hints(hint).values())
        return any(inner is Private or hidden(inner) for inner in get_args(hint))

    hints = get_type_hints(kind)
    below = [name for name in payload_fields(kind) if set(get_args(hints[name])) != {Private, type(None)} and hidden(hints[name])]
    assert below == []


def test_personal_fields_by_name() -> None:
    (event,) = history([received(description=Personal(SUBJECT, "漏水"), reporter_name=None)])
    assert isinstance(event, Ticket.TicketReceived)
    assert [name for name, _ in seal_fields(event)] == ["description", "dwelling", "reporter_phone"]
    assert dict(seal_fields(event))["description"] == Personal(SUBJECT, "漏水")
    seal = Sealed(SUBJECT, 1, bytes(12), bytes(20))
    made = with_sealed(event, {"description": seal})
    assert made == replace(event, description=seal)
    assert isinstance(event.description, Personal)


@pytest.mark.parametrize(
    "wrong",
    [{"community": Sealed(SUBJECT, 1, bytes(12), bytes(20))}, {"surprise": Sealed(SUBJECT, 1, bytes(12), bytes(20))}],
)
def test_only_personal_fields_are_sealed(wrong: Mapping[str, Private]) -> None:
    (event,) = history([received()])
    with pytest.raises(TypeError):
        with_sealed(event, wrong)
    with pytest.raises(TypeError):
        with_sealed(event, {"description": Personal(SUBJECT, "漏水")})


BOOKS = {
    Kind.REPAIR: "BX",
    Kind.COMPLAINT: "TS",
    Kind.ASSISTANCE: "RC",
    Kind.ENQUIRY: "RC",
    Kind.OTHER: "RC",
    Kind.RENOVATION: "ZX",
    Kind.MOVE_IN: "RH",
    Kind.INSPECTION: "XJ",
    Kind.VISIT: "ZF",
}


@pytest.mark.parametrize("kind", Kind)
def test_books(kind: Kind) -> None:
    assert WORKFLOWS[kind].book == BOOKS[kind]
    moved = fact(Ticket.TicketReclassified, kind=kind, moved=True)
    stayed = fact(Ticket.TicketReclassified, kind=kind, moved=False)
    events = history([received(), classified(kind), moved, stayed, dispatched(), completed()])
    assert [(event.book, event.changes_open_list) for event in events] == [
        (Book.INTAKE, True),
        (BOOKS[kind], True),
        (BOOKS[kind], True),
        (None, True),
        (None, True),
        (None, True),
    ]


def test_events_of_others_are_not_numbered() -> None:
    others = [kind for kind in CLASSES if not issubclass(kind, Ticket.Event)]
    made = [object.__new__(kind) for kind in others]
    assert {(event.book, event.changes_open_list) for event in made} == {(None, False)}


def test_ids_are_those_of_the_row() -> None:
    """The bytes hold neither stream nor version: these are columns of the log."""
    (event,) = history([received()])
    again = decode("ticket.received", OTHER_TICKET, 9, encode(event))
    assert (again.originator_id, again.originator_version) == (OTHER_TICKET, 9)
