"""Every command: its effect, its exit status, exactly one JSON document, and errors on stderr."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from domain.ticket.lifecycle import as_data
from tests.cli.reference_pages import commands, parameters
from tests.support.command_line import Home

STAFF = ("--as", "chen.ping")
LIFT = "lift"
READING = {
    "gongdan doctor": (),
    "gongdan settings": (),
    "gongdan lifecycle": (),
    "gongdan community list": (),
    "gongdan user list": (),
    "gongdan token list": (),
    "gongdan ticket list": STAFF,
    "gongdan ticket show": (LIFT, *STAFF),
    "gongdan ticket history": (LIFT, *STAFF),
    "gongdan register": ("repair", "--community", "JX", *STAFF),
    "gongdan report": ("JX", "2026-03", *STAFF),
    "gongdan projections status": (),
    "gongdan projections check": (),
    "gongdan processes status": (),
}
"""Every command with ``--json``, and how to ask it."""
ASKED_ELSEWHERE = {"gongdan simulate"} | {
    " ".join(path)
    for path, command in commands()
    if path[1] in ("shift", "roster", "duty", "finding", "dwellings", "residents", "appraisal")
    and any(p.name == "json" for p in parameters(command))
}
"""Those that need a file, shifts and a roster, findings, or a roll of households; their own tests ask them."""


def lift(estate: Home) -> str:
    """The number of the stopped lift's ticket, told by its channel: the control room's emergency."""
    with closing(sqlite3.connect(estate.store)) as connection:
        rows = connection.execute("SELECT number FROM numbers WHERE book = 'GD' ORDER BY position").fetchall()
    for (number,) in rows:
        found = json.loads(estate.done("ticket", "show", number, *STAFF, "--json"))
        if found["category"] == "lift":
            return str(number)
    raise AssertionError("no lift")


@pytest.fixture(scope="session")
def lift_number(estate_once: Home) -> str:
    return lift(estate_once)


def test_every_reading_command_is_asked_here() -> None:
    with_json = {" ".join(path) for path, command in commands() if any(p.name == "json" for p in parameters(command))}
    assert with_json == set(READING) | ASKED_ELSEWHERE


@pytest.mark.parametrize("name", list(READING))
def test_json_is_one_document_and_nothing_else(name: str, estate: Home, lift_number: str) -> None:
    arguments = [lift_number if a == LIFT else a for a in READING[name]]
    result = estate.run(*name.split()[1:], *arguments, "--json")
    assert result.exit_code == 0, result.stderr
    json.loads(result.stdout)
    assert result.stderr == ""


@pytest.mark.parametrize("name", list(READING))
def test_the_same_for_people(name: str, estate: Home, lift_number: str) -> None:
    arguments = [lift_number if a == LIFT else a for a in READING[name]]
    assert estate.done(*name.split()[1:], *arguments)


@pytest.mark.parametrize("name", [name for name in READING if name not in ("gongdan lifecycle", "gongdan settings")])
def test_without_a_store_the_reason_stands_on_stderr(name: str, empty: Home) -> None:
    result = empty.run(*name.split()[1:], *READING[name], "--json")
    assert result.exit_code == 1
    if name == "gongdan doctor":
        assert json.loads(result.stdout)["ok"] is False
    else:
        assert result.stdout == ""
        assert "run gongdan init" in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("nix",),
        ("user", "grant", "li", "king", "JX"),
        ("serve", "--port", "x"),
        ("user", "add", "li"),
        ("token", "revoke", "x"),
    ],
)
def test_wrong_usage_is_2(arguments: tuple[str, ...], home: Home) -> None:
    result = home.run(*arguments)
    assert (result.exit_code, type(result.exception)) == (2, SystemExit)


REFUSED = (
    ("user", "add", "admin", "--name", "again"),
    ("user", "disable", "nobody"),
    ("user", "enable", "admin"),
    ("user", "grant", "nobody", "assistant", "JX"),
    ("user", "grant", "admin", "assistant", "*"),
    ("community", "add", "X", "--name", "x", "--timezone", "Mars/Olympus"),
    ("area", "add", "NONE", "A1"),
    ("user", "add", "Big Letters", "--name", "x"),
    ("user", "add", "li", "--name", "李\u202e娜"),
    ("community", "add", "a b", "--name", "x"),
    ("team", "add", "NONE", "t", "admin"),
    ("contractor", "add", "NONE", "c", "--name", "c"),
    ("token", "create", "nobody"),
    ("token", "revoke", "00000000-0000-0000-0000-000000000000"),
    ("ticket", "show", "GD-JX-20260101-0001", "--as", "admin"),
    ("ticket", "show", "x", "--as", "nobody"),
    ("ticket", "show", "x"),
    ("ticket", "history", "x", "--as", "admin"),
    ("projections", "rebuild", "nix"),
    ("projections", "check", "nix"),
    ("projections", "retry", "nix", "00000000-0000-0000-0000-000000000000"),
    ("processes", "retry", "nix", "00000000-0000-0000-0000-000000000000"),
    ("restore", "nowhere"),
    ("init",),
)


@pytest.mark.parametrize("arguments", REFUSED, ids=" ".join)
def test_a_refusal_is_1_with_the_reason_on_stderr(arguments: tuple[str, ...], home: Home) -> None:
    position = _position(home)
    result = home.run(*arguments)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith("gongdan: ")
    assert result.stderr.count("\n") == 1
    assert _position(home) == position


def _position(home: Home) -> int:
    with closing(sqlite3.connect(home.store)) as connection:
        [(position,)] = connection.execute("SELECT position FROM head").fetchall()
    return int(position)


def test_errors_never_show_a_traceback_in_a_process_of_their_own(home: Home) -> None:
    finished = home.process("token", "create", "nobody")
    assert (finished.returncode, finished.stdout) == (1, "")
    assert finished.stderr == "gongdan: no such person\n"


class TestInit:
    def test_makes_store_keys_and_master_key_and_prints_the_admins_token_alone_on_the_last_line(self, empty: Home) -> None:
        lines = empty.done("init", "--admin", "root", "--origin", "garden").splitlines()
        assert lines[-1].startswith("gd_")
        assert " " not in lines[-1]
        assert empty.master_key.stat().st_mode & 0o777 == 0o600
        [person] = json.loads(empty.done("user", "list", "--json"))["items"]
        assert (person["login"], [(g["role"], g["community"]) for g in person["grants"]]) == ("root", [("admin", "*")])
        shown = empty.run("ticket", "show", "GD-X-20260101-0001", env={"GONGDAN_TOKEN": lines[-1]})
        assert shown.stderr == "gongdan: no such ticket\n"  # the token is the admin's, who has no business right

    def test_overwrites_nothing(self, home: Home) -> None:
        before = {path: path.read_bytes() for path in home.store.parent.iterdir()}
        result = home.run("init")
        assert result.exit_code == 1
        assert {path: path.read_bytes() for path in home.store.parent.iterdir()} == before

    def test_overwrites_no_keys_whose_store_is_gone(self, home: Home) -> None:
        home.store.unlink()
        before = home.keys.read_bytes()
        assert home.run("init").exit_code == 1
        assert home.keys.read_bytes() == before
        assert not home.store.exists()

    def test_each_store_has_its_own_origin(self, empty: Home) -> None:
        a, b = Home(empty.path / "a"), Home(empty.path / "b")
        for one in (a, b):
            one.path.mkdir()
            one.done("init")
        details = [json.loads(one.done("doctor", "--json"))["checks"][1]["detail"] for one in (a, b)]
        assert details[0] != details[1]


def test_administration_from_nothing_to_a_person_with_rights(home: Home) -> None:
    home.done("community", "add", "JX", "--name", "锦绣花园")
    home.done("area", "add", "JX", "A1", "--name", "东区")
    home.done("user", "add", "zhou", "--name", "周洁")
    home.done("user", "grant", "zhou", "butler", "JX", "--area", "A1", "--from", "2026-01-01", "--to", "2099-12-31")
    home.done("user", "add", "wang", "--name", "王强")
    home.done("user", "grant", "wang", "technician", "JX")
    home.done("team", "add", "JX", "plumbers", "wang")
    home.done("contractor", "add", "JX", "lift", "--name", "电梯公司")
    [community] = json.loads(home.done("community", "list", "--json"))["items"]
    assert [area["code"] for area in community["areas"]] == ["A1"]
    assert community["teams"] == [{"community": "JX", "code": "plumbers", "members": ["wang"]}]
    assert community["contractors"] == [{"community": "JX", "code": "lift", "name": "电梯公司"}]
    people = {person["login"]: person for person in json.loads(home.done("user", "list", "--json"))["items"]}
    [grant] = people["zhou"]["grants"]
    assert (grant["role"], grant["area"], grant["from"], grant["to"]) == ("butler", "A1", "2026-01-01", "2099-12-31")
    home.done("user", "disable", "zhou")
    people = {person["login"]: person for person in json.loads(home.done("user", "list", "--json"))["items"]}
    assert not people["zhou"]["enabled"]
    home.done("user", "enable", "zhou")


class TestTokens:
    def test_create_prints_the_token_alone_and_the_store_keeps_no_token(self, home: Home) -> None:
        clear = home.done("token", "create", "admin", "--days", "7")
        assert clear.count("\n") == 1
        assert clear.startswith("gd_")
        assert clear.strip().encode() not in b"".join(path.read_bytes() for path in home.store.parent.iterdir())
        listed = home.done("token", "list", "--json")
        assert clear.strip() not in listed
        created, expires = (json.loads(listed)["items"][-1][name] for name in ("created_at", "expires_at"))
        assert expires > created

    def test_a_token_reads_with_its_holders_rights_until_it_is_revoked(self, estate: Home, lift_number: str) -> None:
        clear = estate.done("token", "create", "chen.ping").strip()
        env = {"GONGDAN_TOKEN": clear}
        assert estate.run("ticket", "show", lift_number, env=env).exit_code == 0
        newest = json.loads(estate.done("token", "list", "--json"))["items"][-1]
        estate.done("token", "revoke", newest["id"])
        refused = estate.run("ticket", "show", lift_number, env=env)
        assert (refused.exit_code, refused.stdout) == (1, "")
        assert estate.run("token", "revoke", newest["id"]).exit_code == 1

    def test_disabling_a_person_revokes_every_token_for_good(self, estate: Home, lift_number: str) -> None:
        env = {"GONGDAN_TOKEN": estate.done("token", "create", "chen.ping").strip()}
        estate.done("user", "disable", "chen.ping")
        estate.done("user", "enable", "chen.ping")
        assert estate.run("ticket", "show", lift_number, env=env).exit_code == 1
        mine = [one for one in json.loads(estate.done("token", "list", "--json"))["items"] if one["login"] == "chen.ping"]
        assert mine
        assert all(one["revoked_at"] for one in mine)

    def test_a_disabled_persons_token_is_worth_nothing(self, estate: Home, lift_number: str) -> None:
        env = {"GONGDAN_TOKEN": estate.done("token", "create", "chen.ping").strip()}
        estate.done("user", "disable", "chen.ping")
        for setting in (env, {"GONGDAN_TOKEN": "gd_wrong"}):
            refused = estate.run("ticket", "show", lift_number, env=setting)
            assert (refused.exit_code, refused.stderr) == (1, "gongdan: a valid token is needed\n")


class TestTickets:
    def test_personal_data_open_for_the_supervisor_masked_for_the_auditor_absent_for_strangers(
        self, estate: Home, lift_number: str
    ) -> None:
        document = json.loads(estate.done("ticket", "show", lift_number, *STAFF, "--json"))
        assert (document["masked"], "电梯" in document["description"]) == (False, True)
        document = json.loads(estate.done("ticket", "show", lift_number, "--as", "tang.rong", "--json"))
        assert (document["masked"], document["description"]) == (True, "***")
        estate.done("user", "add", "stranger", "--name", "路人")
        for absent in (lift_number, "GD-JX-20200101-0001"):
            result = estate.run("ticket", "show", absent, "--as", "stranger")
            assert (result.exit_code, result.stderr) == (1, "gongdan: no such ticket\n")

    def test_as_it_was_at_a_version_and_at_a_moment(self, estate: Home, lift_number: str) -> None:
        steps = json.loads(estate.done("ticket", "history", lift_number, *STAFF, "--json"))["items"]
        for step in steps:
            at_version = json.loads(
                estate.done("ticket", "show", lift_number, *STAFF, "--version", str(step["version"]), "--json")
            )
            at_moment = json.loads(estate.done("ticket", "show", lift_number, *STAFF, "--at", step["occurred_at"], "--json"))
            known = json.loads(estate.done("ticket", "show", lift_number, *STAFF, "--known-at", step["recorded_at"], "--json"))
            assert [d["state"] for d in (at_version, at_moment, known)] == [step["state_after"]] * 3
            assert [d["version"] for d in (at_version, at_moment, known)] == [step["version"]] * 3

    @pytest.mark.parametrize("moment", ["yesterday", "2026-03-02T09:00"])
    def test_a_moment_without_sense_or_offset_is_refused(self, moment: str, estate: Home, lift_number: str) -> None:
        result = estate.run("ticket", "show", lift_number, *STAFF, "--at", moment)
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr.startswith("gongdan: --at: ")


class TestSettings:
    def test_value_and_source_of_each(self, home: Home) -> None:
        (home.path / ".env").write_text("GONGDAN_QUEUE=7\nGONGDAN_RATE=5/second\n")
        document = json.loads(home.done("settings", "--json", env={"GONGDAN_RATE": "9/second", "gongdan_log_level": "debug"}))
        found = {one["name"]: (one["value"], one["source"]) for one in document["settings"]}
        assert found["GONGDAN_QUEUE"] == ("7", ".env")
        assert found["GONGDAN_RATE"] == ("9/second", "environment")
        assert found["GONGDAN_LOG_LEVEL"] == ("debug", "environment")
        assert found["GONGDAN_DEADLINE"] == ("5.0", "default")
        assert found["GONGDAN_KEYS"] == ("sqlite:///gongdan-data/gongdan-keys.db", "default")

    def test_no_password_and_no_token_is_shown(self, empty: Home) -> None:
        env = {
            "GONGDAN_STORE": "postgresql://desk:s3cret@db1,db2/gongdan?sslmode=require",
            "GONGDAN_KEYS": "postgresql://db1/keys?user=desk&password=s3cret",
            "GONGDAN_MASTER_KEY_FILE": "/etc/gongdan/master.key",
            "GONGDAN_TOKEN": "gd_s3cret",
        }
        for arguments in (("settings",), ("settings", "--json")):
            shown = empty.done(*arguments, env=env)
            assert "s3cret" not in shown
            assert "desk" in shown

    def test_a_misspelt_name_is_named(self, empty: Home) -> None:
        assert json.loads(empty.done("settings", "--json", env={"GONGDAN_STROE": "x"}))["unknown"] == ["GONGDAN_STROE"]

    def test_a_wrong_value_is_refused_with_its_name_and_without_the_value(self, empty: Home) -> None:
        result = empty.run("settings", env={"GONGDAN_QUEUE": "many"})
        assert result.exit_code == 1
        assert result.stderr.startswith("gongdan: GONGDAN_QUEUE: ")
        assert "many" not in result.stderr


class TestBackup:
    def test_there_and_back_again(self, estate: Home, lift_number: str) -> None:
        before = estate.done("ticket", "show", lift_number, *STAFF, "--json")
        assert "events of demo-1" in estate.done("backup", "copy")
        estate.done("community", "add", "NEW", "--name", "later")
        refused = estate.run("restore", "copy")
        assert refused.exit_code == 1
        assert "force" in refused.stderr
        estate.done("restore", "copy", "--force")
        with closing(sqlite3.connect(estate.store)) as connection:  # no token of a person erased since may live on in a view
            assert connection.execute("SELECT count(*) FROM projections").fetchall() == [(0,)]
        assert [c["code"] for c in json.loads(estate.done("community", "list", "--json"))["items"]] == ["JX"]
        assert estate.done("ticket", "show", lift_number, *STAFF, "--json") == before

    def test_a_new_master_key_and_the_data_still_open(self, estate: Home, lift_number: str) -> None:
        old = estate.master_key.read_bytes()
        estate.done("keys", "rotate")
        assert estate.master_key.read_bytes() != old
        assert "电梯" in estate.done("ticket", "show", lift_number, *STAFF)

    def test_migrate_of_a_store_that_is_new_enough_does_nothing(self, home: Home) -> None:
        before = home.store.read_bytes()
        assert "nothing to do" in home.done("migrate")
        assert home.store.read_bytes() == before


class TestLifecycle:
    def test_json_is_the_table_and_needs_no_store(self, empty: Home) -> None:
        assert json.loads(empty.done("lifecycle", "--format", "json")) == as_data()
        assert json.loads(empty.done("lifecycle", "--json")) == as_data()
        assert list(empty.path.iterdir()) == []

    def test_pictures(self, empty: Home) -> None:
        assert empty.done("lifecycle", "--format", "svg").startswith("<svg ")
        assert empty.done("lifecycle", "--format", "mermaid").startswith("stateDiagram-v2")
        assert "TicketReceived" in empty.done("lifecycle")


class TestProjections:
    def test_a_difference_is_found_named_without_values_and_mended_by_a_rebuild(self, estate: Home) -> None:
        with closing(sqlite3.connect(estate.store)) as connection, connection:
            [(table,)] = connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'technician_worklist%' LIMIT 1"
            ).fetchall()
            connection.execute(f"DELETE FROM {table} WHERE rowid IN (SELECT rowid FROM {table} LIMIT 1)")
        result = estate.run("projections", "check", "technician_worklist", "--json")
        assert result.exit_code == 1
        assert json.loads(result.stdout)["ok"] is False
        assert "technician_worklist" in result.stderr
        estate.done("projections", "rebuild", "technician_worklist")
        estate.done("projections", "check", "technician_worklist")


def test_operator_commands_print_no_personal_data(estate: Home) -> None:
    from tests.cli.personal import texts_of

    personal = texts_of(estate)
    assert len(personal) > 100
    printed = "".join(
        estate.run(*arguments).output
        for arguments in (
            ("doctor",),
            ("doctor", "--json"),
            ("backup", "copy"),
            ("restore", "copy", "--force"),
            ("projections", "status", "--json"),
            ("projections", "rebuild"),
            ("projections", "check", "--json"),
            ("keys", "rotate"),
            ("migrate",),
        )
    )
    assert len(printed) > 1000
    assert [text for text in personal if text in printed] == []


def test_the_store_s_url_may_be_given(empty: Home, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/elsewhere/store.db"
    empty.done("init", env={"GONGDAN_STORE": url})
    assert {path.name for path in (tmp_path / "elsewhere").iterdir()} >= {"store.db", "gongdan-keys.db", "master.key"}
    assert empty.run("doctor", env={"GONGDAN_STORE": url}).exit_code == 0
    assert empty.run("doctor", env={"GONGDAN_STORE": "mysql://x"}).exit_code == 1
