"""The operator's commands on PostgreSQL: the store in one database, the keys in another, the master key in a file."""

import json
from collections.abc import Callable

import pytest

from tests.support.command_line import Home


@pytest.fixture
def env(empty: Home, new_postgres_url: Callable[[], str]) -> dict[str, str]:
    return {
        "GONGDAN_STORE": new_postgres_url(),
        "GONGDAN_KEYS": new_postgres_url(),
        "GONGDAN_MASTER_KEY_FILE": str(empty.path / "keys" / "master.key"),
    }


def test_from_nothing_to_a_copy_and_back(empty: Home, env: dict[str, str]) -> None:
    assert empty.run("doctor", env=env).exit_code == 1
    token = empty.done("init", env=env).splitlines()[-1]
    assert token.startswith("gd_")
    refused = empty.run("init", env=env)
    assert (refused.exit_code, refused.stdout) == (1, "")
    empty.done("community", "add", "JX", "--name", "锦绣花园", env=env)
    checks = json.loads(empty.done("doctor", "--json", env=env))["checks"]
    assert {check["status"] for check in checks} == {"ok"}
    empty.done("projections", "rebuild", env=env)
    empty.done("projections", "check", env=env)
    empty.done("backup", "copy", env=env)
    empty.done("keys", "rotate", env=env)
    assert [one["code"] for one in json.loads(empty.done("community", "list", "--json", env=env))["items"]] == ["JX"]


def test_keys_and_master_key_have_no_default_there(empty: Home, env: dict[str, str]) -> None:
    for missing in ("GONGDAN_KEYS", "GONGDAN_MASTER_KEY_FILE"):
        result = empty.run("init", env={name: value for name, value in env.items() if name != missing})
        assert result.exit_code == 1
        assert missing in result.stderr


def test_no_password_is_in_any_message(empty: Home) -> None:
    env = {
        "GONGDAN_STORE": "postgresql://desk:s3cret@127.0.0.1:1/gongdan?password=s3cret",
        "GONGDAN_KEYS": "postgresql://127.0.0.1:1/keys?password=s3cret",
        "GONGDAN_MASTER_KEY_FILE": "master.key",
        "GONGDAN_DEADLINE": "1",
    }
    for command in ("doctor", "init", "migrate"):
        result = empty.run(command, env=env)
        assert result.exit_code == 1
        assert "s3cret" not in result.output
        assert "Traceback" not in result.output
