"""The doctor finds each fault, advises, changes nothing, and skips checks that depend on a failed one."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from adapters.cli.operate import doctor
from tests.support.command_line import Home


def change(path: Path, *statements: str) -> None:
    """Break a database from outside."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def examined(home: Home, env: dict[str, str] | None = None) -> dict[str, dict[str, str]]:
    """The doctor's results by check; asserts that the exit status agrees."""
    result = home.run("doctor", "--json", env=env)
    document = json.loads(result.stdout)
    checks = {one["check"]: one for one in document["checks"]}
    wrong = [name for name, one in checks.items() if one["status"] != "ok"]
    assert document["ok"] == (not wrong)
    assert result.exit_code == (1 if wrong else 0)
    assert bool(result.stderr) == bool(wrong)
    assert all(one["advice"] for one in checks.values() if one["status"] == "wrong"), checks
    return checks


def statuses(home: Home, env: dict[str, str] | None = None) -> dict[str, str]:
    return {name: one["status"] for name, one in examined(home, env).items() if one["status"] != "ok"}


def test_a_new_store_is_healthy(home: Home) -> None:
    checks = examined(home)
    assert list(checks) == ["settings", "store", "master key", "keys", "erasures", "projections", "clock", "disk"]
    assert {one["status"] for one in checks.values()} == {"ok"}


def test_it_changes_nothing(estate: Home) -> None:
    def seen() -> dict[str, bytes]:
        return {
            path.name: path.read_bytes() for path in estate.store.parent.iterdir() if not path.name.endswith(("-wal", "-shm"))
        }

    before = seen()
    estate.run("doctor")
    assert seen() == before


def test_no_store(empty: Home) -> None:
    found = statuses(empty)
    assert found["store"] == "wrong"
    assert found["clock"] == found["disk"] == found["projections"] == "unchecked"
    assert "gongdan init" in examined(empty)["store"]["advice"]


def test_a_misspelt_setting(home: Home) -> None:
    assert statuses(home, {"GONGDAN_STORR": "x"})["settings"] == "wrong"


def test_a_rule_file_that_cannot_be_read(home: Home) -> None:
    (home.path / "prices.toml").write_text("version = 1")
    assert statuses(home, {"GONGDAN_PRICE_LIST_FILE": "prices.toml"})["settings"] == "wrong"
    assert statuses(home, {"GONGDAN_POLICY_FILE": "nowhere.toml"})["settings"] == "wrong"


@pytest.mark.parametrize(("version", "advice"), [("999", "newer"), ("1", "migrate")])
def test_another_schema(home: Home, version: str, advice: str) -> None:
    change(home.store, f"UPDATE meta SET value = '{version}' WHERE key = 'schema_version'")
    checks = examined(home)
    assert checks["store"]["status"] == "wrong"
    assert advice in checks["store"]["advice"]


@pytest.mark.parametrize(
    "break_it",
    [
        lambda path: path.chmod(0o644),
        lambda path: path.unlink(),
        lambda path: path.write_text("no key"),
        lambda path: path.rename(path.with_name("elsewhere")),
    ],
    ids=["others may read it", "missing", "damaged", "moved"],
)
def test_the_master_key(home: Home, break_it: Callable[[Path], object]) -> None:
    break_it(home.master_key)
    found = statuses(home)
    assert (found["master key"], found["keys"]) == ("wrong", "unchecked")


def test_a_rotation_that_did_not_end(home: Home) -> None:
    other = Home(home.path / "other")
    other.path.mkdir()
    other.done("init")
    home.master_key.with_name("master.key.new").write_bytes(other.master_key.read_bytes())
    assert statuses(home)["master key"] == "wrong"


def test_keys_of_another_store(home: Home) -> None:
    other = Home(home.path / "other")
    other.path.mkdir()
    other.done("init")
    home.keys.write_bytes(other.keys.read_bytes())
    assert statuses(home)["keys"] == "wrong"


def test_keys_of_another_schema(home: Home) -> None:
    change(home.keys, "UPDATE keyring SET schema_version = 99")
    assert statuses(home)["keys"] == "wrong"


def test_the_clock_lies_before_what_was_recorded(home: Home) -> None:
    change(home.store, "UPDATE head SET recorded_at = recorded_at + 3600000000")
    assert statuses(home) == {"clock": "wrong"}


def test_little_room(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "LEAST_FREE", 2**62)
    assert statuses(home) == {"disk": "wrong"}


def test_an_erasure_that_was_not_carried_out(estate: Home) -> None:
    with closing(sqlite3.connect(estate.keys)) as connection:
        [(subject,)] = connection.execute("SELECT subject_id FROM subjects LIMIT 1").fetchall()
    with closing(sqlite3.connect(estate.store)) as connection, connection:
        connection.execute(
            "INSERT INTO events (position, stream_id, version, topic, community, recorded_at, state)"
            " SELECT max(position) + 1, ?, 1, 'subject.erased', 'JX', max(recorded_at), X'7B7D' FROM events",
            (subject,),
        )
        connection.execute("UPDATE head SET position = position + 1")
    found = statuses(estate)
    assert found["erasures"] == "wrong"
    assert found["projections"] == "unchecked"  # to look at them would carry it out


def test_an_erasure_that_was_not_cleaned_up(home: Home) -> None:
    change(home.keys, "INSERT INTO erasures VALUES (X'00000000000000000000000000000001', 1, 0)")
    assert statuses(home)["erasures"] == "wrong"


def test_projections_behind_the_log(estate: Home) -> None:
    change(estate.store, "UPDATE projections SET position = 1 WHERE name = 'open_workload'")
    checks = examined(estate)
    assert checks["projections"]["status"] == "wrong"
    assert "open_workload" in checks["projections"]["detail"]


def test_a_halted_projection(estate: Home) -> None:
    change(estate.store, "UPDATE projections SET error = 'disk full' WHERE name = 'open_workload'")
    assert "halted" in examined(estate)["projections"]["detail"]
