"""``gongdan init``, ``migrate``, ``backup``, ``restore`` and ``keys``. None of them prints personal data."""

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from adapters.accounts import tokens
from adapters.cli.terminal.console import run, say
from adapters.cli.terminal.opening import open_gongdan as opened_store
from adapters.cli.terminal.opening import operator
from adapters.composition import make_new
from adapters.projecting.tables.catalogue import forget_views
from adapters.store.backup.backup import BackupReport
from adapters.store.backup.backup import backup as copy_store
from adapters.store.backup.restore import RestoreReport
from adapters.store.backup.restore import restore as restore_store
from adapters.store.database import schema
from adapters.store.database.schema import SchemaOld
from adapters.store.keys.key_rotation import rotate_master
from adapters.store.keys.master_key import MasterKey
from adapters.store.log.opening import migrate_store, open_database, shown
from adapters.system.settings import Settings
from adapters.system.system import SystemClock, entropy
from domain.kernel.terms import Role
from domain.people.staff import EVERYWHERE

FIRST_TOKEN_DAYS = 365
keys = typer.Typer(no_args_is_help=True, help="The keys of personal data.")
Directory = Annotated[Path, typer.Argument(help="A directory on this machine.")]


def init(
    origin: Annotated[str, typer.Option(help="The permanent name of the log; default: gongdan- and eight random digits.")] = "",
    admin: Annotated[str, typer.Option(help="The login of the first admin.")] = "admin",
    name: Annotated[str, typer.Option(help="The first admin's name.")] = "系统管理员",
) -> None:
    """Create a store, its key store, its master key and the first admin; the last line printed is the admin's token.

    Overwrites nothing.
    """
    token = run(_init(origin or f"gongdan-{entropy(4).hex()}", admin, name))
    settings = Settings()
    say(f"store: {shown(settings.store)}, keys: {shown(settings.keys_url)}")
    say(f"master key: {settings.master_key_path}: without it no personal data can be read; keep a copy in another place")
    say(f"admin: {admin}; the token follows and is not shown again:")
    say(token)


async def _init(origin: str, admin: str, name: str) -> str:
    settings = Settings()
    await make_new(settings, origin)
    async with opened_store() as gongdan:
        await gongdan.administration.add_person(admin, name, operator(gongdan))
        await gongdan.administration.grant(admin, Role.ADMIN, EVERYWHERE, None, None, None, operator(gongdan))
        _, clear = await tokens.issue(gongdan.store, gongdan.clock, gongdan.ids, entropy, admin, FIRST_TOKEN_DAYS)
        return clear


def migrate() -> None:
    """Migrate the store's schema to the version that this program needs, in one transaction."""
    before, after = run(migrate_store(Settings().store))
    say(f"schema version {after}, it was {before}" if before != after else f"schema version {after}; nothing to do")


def backup(directory: Directory) -> None:
    """Copy store and keys into two folders of a new or empty directory, while the server runs."""
    report: BackupReport = run(_backup(directory))
    for line in report.lines():
        say(line)


async def _backup(directory: Path) -> BackupReport:
    settings = Settings()
    return await copy_store(directory, settings.store, settings.keys_url, SystemClock())


def restore(
    directory: Directory,
    force: Annotated[
        bool, typer.Option("--force", help="Replace even a newer or another store, or one that can't be read.")
    ] = False,
) -> None:
    """Replace store and keys by a backup, and apply again every erasure made since."""
    report: RestoreReport = run(_restore(directory, force))
    for line in report.lines():
        say(line)


async def _restore(directory: Path, force: bool) -> RestoreReport:
    settings = Settings()
    report = await restore_store(
        directory, settings.store, settings.keys_url, settings.master_key_path, SystemClock(), entropy, force=force
    )
    database = await open_database(settings.store)
    try:
        with suppress(SchemaOld):
            await schema.check(database, shown(settings.store))
            await forget_views(database)  # their rows may hold blind tokens of people erased since the backup
    finally:
        await database.close()
    return report


@keys.command()
def rotate() -> None:
    """Replace the master key; running servers continue. Backups of keys made before need the old master key's file."""
    key: MasterKey = run(_rotate())
    say(f"master key {key.id} at {Settings().master_key_path}; keep a copy of it in another place")


async def _rotate() -> MasterKey:
    settings = Settings()
    database = await open_database(settings.keys_url)
    try:
        return await rotate_master(database, settings.master_key_path, entropy)
    finally:
        await database.close()


async def refuse_unusable() -> None:
    """Raise SchemaError, KeysUnusable or Overloaded where the store can't be served."""
    async with opened_store():
        pass
