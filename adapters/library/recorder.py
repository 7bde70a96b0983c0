"""Persistence module of the eventsourcing library over our store: name this module in ``PERSISTENCE_MODULE``.

    PERSISTENCE_MODULE=adapters.library.recorder
    GONGDAN_STORE=sqlite:///gongdan-data/gongdan.db      (or postgresql://…; made by `gongdan init`)
    CLEAR_COLUMNS_TOPIC=package.module:function          (optional: of topic and state bytes, see :data:`Columns`)

Events written here go through the append transaction of the server, so the two never collide on a position. Positions are the
library's notification ids. Versions of a stream are consecutive from 1. Subscriptions work on both databases, and also report
events that other processes write. Snapshots and tracking records are not supported.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future
from threading import Lock, Thread
from typing import Any, NoReturn, TypeVar
from uuid import UUID

from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    InfrastructureFactory,
    InfrastructureFactoryError,
    IntegrityError,
    ListenNotifySubscription,
    Notification,
    NotSupportedError,
    OperationalError,
    ProcessRecorder,
    StoredEvent,
    TrackingRecorder,
)
from eventsourcing.utils import Environment, resolve_topic

from adapters.store.log.opening import open_store
from adapters.store.log.sql_store import SqlStore
from adapters.system.system import SystemClock
from domain.kernel.errors import Overloaded
from domain.kernel.ports import Append, AppendRefused, NewEvent

Columns = tuple[str, str | None, str, bool]
"""The clear columns of an event: community, book, time zone, and whether it changes the community's open list."""
ClearColumns = Callable[[StoredEvent], Columns]


T = TypeVar("T")


class LoopThread:
    """An event loop in a daemon thread, for callers in other threads. Daemon: a program that forgets :meth:`end` can exit."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="gongdan-recorder", daemon=True)
        self._thread.start()

    def start(self, coroutine: Coroutine[Any, Any, T]) -> "Future[T]":
        """Start a coroutine in the loop; cancelling the future cancels it."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the loop and wait for its result."""
        return self.start(coroutine).result()

    def end(self) -> None:
        """Stop the loop and its thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def no_columns(event: StoredEvent) -> Columns:
    """Clear columns of events that belong to no community and take no number."""
    return "", None, "UTC", False


class StoreRecorder(ApplicationRecorder):
    """The library's application recorder over an open store, for any thread; ``loop``: the thread that opened the store."""

    def __init__(self, store: SqlStore, loop: LoopThread, clear_columns: ClearColumns = no_columns) -> None:
        self._store = store
        self._loop = loop
        self.clear_columns = clear_columns

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int]:
        """Write all events or none; returns their positions. Raises IntegrityError where a version is taken or leaves a gap."""
        for what in (name for name, value in kwargs.items() if value is not None):
            not_supported(what)
        if not stored_events:
            return []
        append = Append([self._new_event(event) for event in stored_events])
        try:
            appended = self._loop.call(self._store.append(append))
        except (AppendRefused, ValueError) as error:
            raise IntegrityError(str(error)) from error
        except Overloaded as error:
            raise OperationalError(str(error)) from error
        return [event.position for event in appended.events]

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """A stream's events with versions above ``gt``, up to ``lte``."""
        bounds = ("version > :gt", gt), ("version <= :lte", lte)
        rows = self._read(
            "SELECT stream_id, version, topic, state FROM events WHERE stream_id = :id"
            + "".join(f" AND {bound}" for bound, value in bounds if value is not None)
            + f" ORDER BY version{' DESC' if desc else ''}"
            + (" LIMIT :limit" if limit is not None else ""),
            {"id": stream_id(originator_id).bytes, "gt": gt, "lte": lte, "limit": limit},
        )
        return [StoredEvent(UUID(bytes=id_), version, topic, state) for id_, version, topic, state in rows]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Events of the log from ``start`` to ``stop``, of these topics (none given: all)."""
        conditions = [f"position {'>=' if inclusive_of_start else '>'} :start"] if start is not None else []
        conditions += ["position <= :stop"] if stop is not None else []
        conditions += ["topic IN :topics"] if topics else []
        rows = self._read(
            "SELECT stream_id, version, topic, state, position FROM events"
            + (f" WHERE {' AND '.join(conditions)}" if conditions else "")
            + " ORDER BY position LIMIT :limit",
            {"start": start, "stop": stop, "topics": list(topics), "limit": limit},
        )
        return [Notification(UUID(bytes=id_), version, topic, state, at) for id_, version, topic, state, at in rows]

    def max_notification_id(self) -> int | None:
        """The head's position; None while the log is empty."""
        return self._loop.call(self._store.head()).position or None

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> "StoreSubscription":
        """Subscribe to the events after position ``gt``, present and future."""
        return StoreSubscription(self, gt, topics)

    def follow(self, after_position: int, notify: Callable[[], Any]) -> "Future[None]":
        """Call ``notify`` in the store's event loop whenever the log has grown, until the future is cancelled."""

        async def run() -> None:
            async for _ in self._store.appended(after_position, 60.0):
                notify()

        return self._loop.start(run())

    def _new_event(self, event: StoredEvent) -> NewEvent:
        community, book, timezone, opens_list = self.clear_columns(event)
        return NewEvent(
            stream_id(event.originator_id),
            event.originator_version,
            event.topic,
            community,
            event.state,
            book,
            timezone,
            opens_list,
        )

    def _read(self, sql: str, params: dict[str, Any]) -> list[tuple[Any, ...]]:
        try:
            return self._loop.call(self._store.database.read(sql, params))
        except Overloaded as error:
            raise OperationalError(str(error)) from error


class StoreSubscription(ListenNotifySubscription[StoreRecorder]):
    """The library's subscription, notified by the store."""

    def __init__(self, recorder: StoreRecorder, gt: int | None = None, topics: Sequence[str] = ()) -> None:
        super().__init__(recorder, gt, topics)
        self._following = recorder.follow(gt or 0, self._has_been_notified.set)

    def stop(self) -> None:
        """Stop the subscription."""
        super().stop()
        self._following.cancel()


class StoreFactory(InfrastructureFactory[TrackingRecorder]):
    """The library's factory: opens the store named in the environment, in a :class:`LoopThread`, for the first recorder."""

    STORE = "GONGDAN_STORE"
    CLEAR_COLUMNS_TOPIC = "CLEAR_COLUMNS_TOPIC"

    def __init__(self, env: Environment | dict[str, str] | None) -> None:
        super().__init__(env)
        self._lock = Lock()
        self._recorder: StoreRecorder | None = None
        self._close: Callable[[], None] = lambda: None

    def application_recorder(self) -> StoreRecorder:
        """The recorder of this factory's store."""
        with self._lock:
            if self._recorder is None:
                self._recorder = self._open()
            return self._recorder

    def aggregate_recorder(self, purpose: str = "events") -> AggregateRecorder:
        """Raise NotSupportedError: this store has no snapshots."""
        not_supported("snapshots")

    def tracking_recorder(self, tracking_recorder_class: type[TrackingRecorder] | None = None) -> TrackingRecorder:
        """Raise NotSupportedError: a projection stores its position with its rows."""
        not_supported("tracking records")

    def process_recorder(self) -> ProcessRecorder:
        """Raise NotSupportedError: a projection stores its position with its rows."""
        not_supported("tracking records")

    def close(self) -> None:
        """Close the store and end its thread."""
        with self._lock:
            self._close()
            self._close = lambda: None

    def _open(self) -> StoreRecorder:
        url = self.env.get(self.STORE)
        if not url or url == "memory:":
            raise InfrastructureFactoryError(f"{self.STORE} must name a store in a database")
        topic = self.env.get(self.CLEAR_COLUMNS_TOPIC)
        named: Callable[[str, bytes], Columns] | None = resolve_topic(topic) if topic else None
        loop = LoopThread()
        try:
            store = loop.call(open_store(url, SystemClock()))
        except BaseException:
            loop.end()
            raise
        assert isinstance(store, SqlStore)

        def close() -> None:
            loop.call(store.close())
            loop.end()

        self._close = close
        return StoreRecorder(store, loop, (lambda event: named(event.topic, event.state)) if named else no_columns)


def stream_id(originator_id: UUID | str) -> UUID:
    """A stream's id as a UUID; raises ValueError for a text that is none."""
    return originator_id if isinstance(originator_id, UUID) else UUID(originator_id)


def not_supported(what: str) -> NoReturn:
    """Raise NotSupportedError."""
    raise NotSupportedError(f"{what}: not supported by this store")
