"""The master key file: made once, mode 0600, refused when others may use it or when it is damaged."""

import os
from pathlib import Path

import pytest

from adapters.store.keys.master_key import (
    KeysUnusable,
    RotationRunning,
    create_master_key,
    load_master_key,
    load_master_key_named,
    promote_successor,
    rotating,
    successor,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "apart" / "master.key"


def test_a_new_key_is_private_and_reads_back(path: Path) -> None:
    previous = os.umask(0)
    try:
        made = create_master_key(path, os.urandom)
    finally:
        os.umask(previous)
    assert path.stat().st_mode & 0o7777 == 0o600
    assert load_master_key(path) == made
    assert load_master_key(path).secret == made.secret != create_master_key(successor(path), os.urandom).secret


def test_neither_repr_nor_error_shows_the_secret(path: Path) -> None:
    made = create_master_key(path, os.urandom)
    assert repr(made) == f"MasterKey(id={made.id})"


def test_an_existing_key_is_never_overwritten(path: Path) -> None:
    create_master_key(path, os.urandom)
    before = path.read_bytes()
    with pytest.raises(KeysUnusable, match="not overwritten"):
        create_master_key(path, os.urandom)
    assert path.read_bytes() == before


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o660, 0o644, 0o610])
def test_looser_permissions_are_refused_and_the_remedy_named(path: Path, mode: int) -> None:
    create_master_key(path, os.urandom)
    path.chmod(mode)
    with pytest.raises(KeysUnusable, match=rf"mode {mode:04o}.*chmod 600"):
        load_master_key(path)


def test_a_missing_key_says_what_to_do(path: Path) -> None:
    with pytest.raises(KeysUnusable, match="put the copy back"):
        load_master_key(path)


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:-6],
        lambda text: text.replace("id: ", "id: 0"),
        lambda text: text.replace("key: ", "key: AAAA"),
        lambda text: text.replace("key: ", "key: *"),
        lambda text: "something else\n",
        lambda text: "",
    ],
)
def test_a_damaged_file_is_refused(path: Path, damage: object) -> None:
    assert callable(damage)
    create_master_key(path, os.urandom)
    path.write_text(damage(path.read_text()))
    with pytest.raises(KeysUnusable, match=r"damaged|not a master key"):
        load_master_key(path)


def test_whatever_file_the_key_store_names_is_found(path: Path) -> None:
    old, new = create_master_key(path, os.urandom), create_master_key(successor(path), os.urandom)
    assert load_master_key_named(path, old.id) == old
    assert load_master_key_named(path, new.id) == new


def test_only_the_key_in_use_takes_the_old_ones_place(path: Path) -> None:
    old, new = create_master_key(path, os.urandom), create_master_key(successor(path), os.urandom)
    promote_successor(path, old.id)
    assert load_master_key(path) == old
    promote_successor(path, new.id)
    promote_successor(path, new.id)
    assert load_master_key(path) == new
    assert not successor(path).exists()
    with pytest.raises(KeysUnusable, match="put that file back"):
        load_master_key_named(path, old.id)


def test_one_rotation_at_a_time(path: Path) -> None:
    create_master_key(path, os.urandom)
    with rotating(path), pytest.raises(RotationRunning), rotating(path):
        pass
    with rotating(path):
        pass
