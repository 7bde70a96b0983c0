"""``gongdan doctor``: check the settings, the store, the keys and the machine, with advice. Changes nothing."""

import shutil
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psycopg
import typer

from adapters.cli.operate.settings import unknown
from adapters.cli.terminal.console import Json, emit, run, table
from adapters.cli.terminal.expected import EXPECTED, reason
from adapters.composition import opened, read_policy, read_prices, read_rule_book
from adapters.store.database import schema
from adapters.store.database.database import Database, from_micros
from adapters.store.keys.key_erasure import erased_in_keys, erased_in_log
from adapters.store.keys.key_tables import SCHEMA_VERSION
from adapters.store.keys.keys import KeyStore
from adapters.store.keys.master_key import load_master_key, successor
from adapters.store.log.opening import open_database, shown
from adapters.system.settings import Settings
from adapters.system.system import SystemClock, entropy

LEAST_FREE = 512 * 1024 * 1024
"""Bytes that should be free on a store's disk."""
LATE = 60.0
"""Seconds of lag from which a projection counts as behind."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Result of one check. ``status``: ok, wrong, or unchecked where an earlier check must pass first."""

    check: str
    status: str
    detail: str
    advice: str = ""


class Wrong(Exception):
    """A check failed; ``advice``: the remedy."""

    def __init__(self, detail: str, advice: str) -> None:
        super().__init__(detail)
        self.advice = advice


class Examination:
    """The checks, in order; a check uses the results of those before it."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack
        self.settings: Settings | None = None
        self.store: Database | None = None
        self.keys: Database | None = None

    async def read_settings(self) -> str:
        """Check that settings and rule files can be read and no setting's name is misspelt."""
        settings = Settings()
        read_policy(settings)
        read_prices(settings)
        read_rule_book(settings)
        _ = settings.keys_url, settings.master_key_path
        if unknown():
            raise Wrong(f"no setting of this program: {', '.join(unknown())}", "correct the name; `gongdan settings` lists all")
        self.settings = settings
        return "every setting can be read"

    async def open_store(self) -> str:
        """Check that the store answers and has this program's schema version."""
        assert self.settings is not None
        database = await open_database(self.settings.store)
        self._stack.push_async_callback(database.close)
        await schema.check(database, shown(self.settings.store))
        [(origin,)] = await database.read("SELECT value FROM meta WHERE key = 'origin'")
        self.store = database
        return f"{shown(self.settings.store)}, log {origin}, schema version {schema.newest()}"

    async def master_key(self) -> str:
        """Check that the master key exists, is intact, and is accessible to its owner only."""
        assert self.settings is not None
        path = self.settings.master_key_path
        key = load_master_key(path)
        if successor(path).exists():
            raise Wrong(f"{successor(path)} is left over from an unfinished rotation", "run `gongdan keys rotate` again")
        return f"{path}, key {key.id}, for its owner only"

    async def keys_fit(self) -> str:
        """Check that the key store opens with the master key."""
        assert self.settings is not None
        database = await open_database(self.settings.keys_url)
        self._stack.push_async_callback(database.close)
        [(version,)] = await database.read("SELECT schema_version FROM keyring WHERE id = 1")
        if version != SCHEMA_VERSION:
            raise Wrong(f"key store schema {version}, this program knows {SCHEMA_VERSION}", "use the gongdan that made it")
        await KeyStore(database, self.settings.master_key_path, SystemClock(), entropy).index_keys()
        [(subjects,)] = await database.read("SELECT count(*) FROM subjects WHERE wrapped_key IS NOT NULL")
        self.keys = database
        return f"{shown(self.settings.keys_url)}, {subjects} subjects"

    async def erasures(self) -> str:
        """Check that every erasure of the log is applied to the keys and scrubbed."""
        assert self.store is not None
        assert self.keys is not None
        done = {erasure.subject for erasure in await erased_in_keys(self.keys)}
        pending = [e for e in await erased_in_log(self.store) if e.subject not in done]
        [(unclean,)] = await self.keys.read("SELECT count(*) FROM erasures WHERE scrubbed = 0")
        if pending or unclean:
            raise Wrong(
                f"{len(pending)} erasures are not carried out, {unclean} not scrubbed",
                "start the server once, with nothing else using the key store: it finishes them",
            )
        return f"{len(done)} carried out, none pending"

    async def projections(self) -> str:
        """Check that every read model follows the log and has no parked ticket."""
        assert self.settings is not None
        async with opened(self.settings) as gongdan:
            found = [one for one in await gongdan.projections.status() if one.position or one.holder]
        parked = [f"{one.name} ({len(one.parked)})" for one in found if one.parked]
        halted = [f"{one.name}: {one.error}" for one in found if one.status == "halted"]
        if halted:
            raise Wrong(f"halted: {'; '.join(halted)}", "run `gongdan projections rebuild`")
        if parked:
            advice = "`gongdan projections status` shows them with the reasons, `gongdan projections retry` tries again"
            raise Wrong(f"tickets parked in {', '.join(parked)}", advice)
        late = [f"{one.name} by {one.lag_seconds:.0f} s" for one in found if one.lag_seconds > LATE]
        if late:
            raise Wrong(f"behind the log: {', '.join(late)}", "start the server, which moves them, or read its log")
        if not found:
            return "not built yet: the server builds them when it first starts"
        return ", ".join(f"{one.name} at {one.position} of {one.head}" for one in found)

    async def clock(self) -> str:
        """Check that this machine's clock is not earlier than the last recorded event."""
        assert self.store is not None
        [(position, micros)] = await self.store.read("SELECT position, recorded_at FROM head")
        last, now = from_micros(micros), SystemClock().now()
        if last > now:
            raise Wrong(
                f"the last event was recorded at {last.isoformat()}, this machine's clock shows {now.isoformat()}",
                "set the clock (NTP); until then new events carry the last event's time",
            )
        return f"{position} events, the last recorded at {last.isoformat()}" if position else "no event yet"

    async def disk(self) -> str:
        """Check that the disk of a store in a file has free space."""
        assert self.settings is not None
        if not self.settings.store.startswith("sqlite:///"):
            return "the disk of the store's database can't be checked from here"
        folder = Path(self.settings.store.removeprefix("sqlite:///")).parent
        free = shutil.disk_usage(folder).free
        if free < LEAST_FREE:
            raise Wrong(f"{free // 2**20} MiB free in {folder}", f"make room: at least {LEAST_FREE // 2**20} MiB")
        return f"{free // 2**20} MiB free in {folder}"


async def examine() -> list[CheckResult]:
    """Run every check in order; a check that needs a failed one is not run."""
    async with AsyncExitStack() as stack:
        look = Examination(stack)
        findings: list[CheckResult] = []
        failed: set[str] = set()
        checks: tuple[tuple[str, Callable[[], Awaitable[str]], tuple[str, ...]], ...] = (
            ("settings", look.read_settings, ()),
            ("store", look.open_store, ("settings",)),
            ("master key", look.master_key, ("settings",)),
            ("keys", look.keys_fit, ("settings", "master key")),
            ("erasures", look.erasures, ("store", "keys")),
            ("projections", look.projections, ("store", "keys", "erasures")),
            ("clock", look.clock, ("store",)),
            ("disk", look.disk, ("store",)),
        )
        for name, check, needs in checks:
            missing = [need for need in needs if need in failed]
            if missing:
                failed.add(name)
                findings.append(CheckResult(name, "unchecked", f"put {' and '.join(missing)} right first"))
                continue
            finding = await _tried(name, check)
            findings.append(finding)
            if finding.status != "ok":
                failed.add(name)
        return findings


async def _tried(name: str, check: Callable[[], Awaitable[str]]) -> CheckResult:
    try:
        return CheckResult(name, "ok", await check())
    except Wrong as wrong:
        return CheckResult(name, "wrong", str(wrong), wrong.advice)
    except EXPECTED as error:
        return CheckResult(name, "wrong", reason(error), ADVICE.get(type(error), "see docs/reference/settings.md"))


ADVICE: dict[type[BaseException], str] = {
    schema.SchemaMissing: "run `gongdan init`, or name the store by GONGDAN_STORE",
    schema.SchemaOld: "run `gongdan migrate`",
    schema.SchemaTooNew: "install the newer gongdan that made it",
    sqlite3.OperationalError: "check that the file is a store of gongdan and may be read and written",
    sqlite3.DatabaseError: "the file is not a SQLite database, or is damaged: restore a backup",
    psycopg.OperationalError: "check the URL and that PostgreSQL runs",
}


def doctor(json: Json = False) -> None:
    """Check settings, store, keys and machine; exit status 1 if anything is wrong. Prints no personal data, changes nothing."""
    findings: list[CheckResult] = run(examine())
    healthy = all(finding.status == "ok" for finding in findings)
    if json:
        document: dict[str, Any] = {"ok": healthy, "checks": [asdict(finding) for finding in findings]}
        emit(document)
    else:
        table(("check", "status", "detail", "what to do"), [tuple(asdict(finding).values()) for finding in findings])
    if not healthy:
        names = ", ".join(finding.check for finding in findings if finding.status == "wrong")
        typer.echo(f"gongdan: wrong: {names}", err=True)
        raise typer.Exit(1)
