"""The store behind the eventsourcing library: the library's own contract tests, and both kinds of writers on one log."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from anyio.from_thread import start_blocking_portal
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import IntegrityError, NotSupportedError, StoredEvent, Tracking
from eventsourcing.tests.persistence import ApplicationRecorderTestCase

from adapters.library.recorder import StoreFactory, StoreRecorder
from adapters.store.log.opening import init_store, open_store
from tests.store.conftest import url_of
from tests.store.log.event_logs import assert_sound, numbered, of, whole_log
from tests.support.clock import SetClock

COLUMNS = "tests.library.test_recorder:columns"


def columns(topic: str, state: bytes) -> tuple[str, str | None, str, bool]:
    """Every event of topic ``numbered`` takes a number."""
    return "yinhu", "GD" if topic == "numbered" else None, "Asia/Shanghai", False


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A new store."""
    url = url_of(request.param, request, tmp_path)
    with start_blocking_portal() as portal:
        portal.call(init_store, url, "test-origin")
    return url


@pytest.fixture
def recorder(url: str) -> Iterator[StoreRecorder]:
    """The recorder of a new store."""
    factory = StoreFactory({"GONGDAN_STORE": url, "CLEAR_COLUMNS_TOPIC": COLUMNS})
    yield factory.application_recorder()
    factory.close()


class FromOne(StoreRecorder):
    """The library's tests number some streams from 0; in this store they begin at 1."""

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int]:
        by = 1 if stored_events and stored_events[0].originator_version == 0 else 0
        shifted = [replace(e, originator_version=e.originator_version + by) for e in stored_events]
        return super().insert_events(shifted, **kwargs)


class LibraryContract(ApplicationRecorderTestCase[StoreRecorder]):
    """The library's own suite, with a recorder handed in."""

    __test__ = False  # run by name below
    make: Callable[[], StoreRecorder]

    def create_recorder(self) -> StoreRecorder:
        return self.make()


@pytest.mark.parametrize(
    "name",
    [
        "test_insert_select",
        "test_concurrent_no_conflicts",
        "test_concurrent_throughput",
        "optional_test_insert_subscribe",
    ],
)
def test_the_library_s_contract_holds(recorder: StoreRecorder, name: str) -> None:
    recorder.__class__ = FromOne
    case = LibraryContract(name)
    case.make = lambda: recorder
    getattr(case, name)()


def stored(stream: UUID, version: int, topic: str = "plain") -> StoredEvent:
    return StoredEvent(stream, version, topic, uuid4().bytes)


def test_both_kinds_of_writers_share_one_log(url: str, recorder: StoreRecorder) -> None:
    with start_blocking_portal() as portal, ThreadPoolExecutor(4) as threads:
        store = portal.call(open_store, url, SetClock())
        of_the_library = [threads.submit(recorder.insert_events, [stored(uuid4(), 1, "numbered")]) for _ in range(40)]
        of_the_server = [portal.start_task_soon(store.append, of(numbered())) for _ in range(40)]
        positions = [position for future in of_the_library for position in future.result()]
        positions += [future.result().position for future in of_the_server]
        events = portal.call(whole_log, store)
        portal.call(store.close)
    assert sorted(positions) == list(range(1, 81))
    assert_sound(events)
    assert len([e for e in events if e.number]) == 80


def test_versions_must_be_consecutive(recorder: StoreRecorder) -> None:
    stream = uuid4()
    recorder.insert_events([stored(stream, 1)])
    for versions in ((1,), (3,), (2, 2), (2, 4)):
        with pytest.raises(IntegrityError):
            recorder.insert_events([stored(stream, version) for version in versions])
    assert recorder.max_notification_id() == 1
    assert recorder.insert_events([]) == []


def test_streams_are_read_within_bounds(recorder: StoreRecorder) -> None:
    stream = uuid4()
    events = [stored(stream, version) for version in range(1, 6)]
    recorder.insert_events(events)
    assert recorder.select_events(stream) == events
    assert recorder.select_events(str(stream), gt=1, lte=4) == events[1:4]
    assert recorder.select_events(stream, desc=True, limit=2) == [events[4], events[3]]


def test_a_subscription_hears_of_another_process(url: str, recorder: StoreRecorder) -> None:
    other = StoreFactory({"GONGDAN_STORE": url})
    first, second = stored(uuid4(), 1), stored(uuid4(), 1)
    with recorder.subscribe() as subscription:
        recorder.insert_events([first])
        assert next(subscription).state == first.state
        other.application_recorder().insert_events([second])
        assert next(subscription).state == second.state
    other.close()


def test_what_is_not_kept_is_refused(url: str, recorder: StoreRecorder) -> None:
    factory = StoreFactory({"GONGDAN_STORE": url})
    for ask in (factory.aggregate_recorder, factory.tracking_recorder, factory.process_recorder):
        with pytest.raises(NotSupportedError):
            ask()
    with pytest.raises(NotSupportedError):
        recorder.insert_events([stored(uuid4(), 1)], tracking=Tracking("upstream", 1))


class Dog(Aggregate):
    """An aggregate as users of the library write them."""

    @event("Registered")
    def __init__(self, name: str) -> None:
        self.name = name
        self.tricks: list[str] = []

    @event("TrickAdded")
    def add_trick(self, trick: str) -> None:
        self.tricks.append(trick)


def test_an_application_of_the_library_runs_on_the_store(url: str) -> None:
    environment = {"PERSISTENCE_MODULE": "adapters.library.recorder", "GONGDAN_STORE": url}
    application = Application[UUID](environment)
    dog = Dog("旺财")
    dog.add_trick("sit")
    application.save(dog)
    copy: Dog = application.repository.get(dog.id)
    assert (copy.name, copy.tricks, copy.version) == ("旺财", ["sit"], 2)
    assert [n.id for n in application.notification_log.select(1, 10)] == [1, 2]
    application.close()
    again = Application[UUID](environment)
    assert again.repository.get(dog.id) == dog
    again.close()
