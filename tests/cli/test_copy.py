"""`gongdan copy`: the demonstration's estate moves to PostgreSQL and back, and answers as before, as of any moment too."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from adapters.composition import opened
from adapters.server.app import create_app
from adapters.store.moving.move import move
from adapters.store.moving.sides import Place
from adapters.system.settings import Settings
from tests.support.command_line import Home


def answers(home: Home, env: dict[str, str]) -> dict[str, Any]:
    """The open tickets and, of some of them, the history and what was known after half of their events."""

    def asked(*arguments: str) -> Any:
        return json.loads(home.done(*arguments, "--as", "chen.ping", "--json", env=env))

    items = asked("ticket", "list", "--community", "JX", "--limit", "200")["items"]
    found: dict[str, Any] = {"numbers": [item["number"] for item in items]}
    for number in found["numbers"][::40]:
        history = asked("ticket", "history", number)
        found[number] = history
        half = history["items"][len(history["items"]) // 2]["recorded_at"]
        found[f"{number} as known at {half}"] = asked("ticket", "show", number, "--known-at", half)
        found[f"{number} at {half}"] = asked("ticket", "show", number, "--at", half)
    return found


def test_an_estate_moves_to_postgresql_and_back(estate: Home, new_postgres_url: Callable[[], str]) -> None:
    there = {
        "GONGDAN_STORE": new_postgres_url(),
        "GONGDAN_KEYS": new_postgres_url(),
        "GONGDAN_MASTER_KEY_FILE": str(estate.master_key),
    }
    before = answers(estate, {})
    assert len(before) > 6
    plan = estate.done("copy", "--to", there["GONGDAN_STORE"], "--to-keys", there["GONGDAN_KEYS"], "--dry-run")
    assert "nothing was copied" in plan
    done = estate.done("copy", "--to", there["GONGDAN_STORE"], "--to-keys", there["GONGDAN_KEYS"])
    assert "refuses writes from now on" in done
    assert str(estate.master_key) in done
    refused = estate.run("community", "add", "XX", "--name", "新")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "has moved to postgresql://" in refused.stderr
    assert answers(estate, there) == before
    estate.done("projections", "rebuild", env=there)
    estate.done("projections", "check", env=there)
    estate.done("community", "add", "XX", "--name", "新", env=there)

    back = f"sqlite:///{estate.path}/back/gongdan.db"
    estate.done("copy", "--to", back, env=there)
    assert "XX" in estate.done(
        "community", "list", env={"GONGDAN_STORE": back, "GONGDAN_MASTER_KEY_FILE": str(estate.master_key)}
    )


def test_a_server_that_runs_on_answers_writes_with_the_new_place(home: Home, tmp_path: Path) -> None:
    home.done("community", "add", "JX", "--name", "锦绣花园")
    token = home.done("token", "create", "admin", "--days", "1").strip()
    settings = Settings(store=f"sqlite:///{home.store}", keys="", master_key_file=None)
    old, new = Place(settings.store, settings.keys_url), Place(f"sqlite:///{tmp_path}/new/g.db", f"sqlite:///{tmp_path}/new/k.db")

    async def ask() -> tuple[httpx2.Response, httpx2.Response]:
        async with opened(settings) as parts:
            transport = httpx2.ASGITransport(app=create_app(parts))
            headers = {"Authorization": f"Bearer {token}"}
            async with httpx2.AsyncClient(transport=transport, headers=headers, base_url="http://server/api/v1") as client:
                await move(old, new, settings.master_key_path, lambda what, done, of: None, lambda: 0.0)
                written = await client.post("/communities", json={"code": "XX", "name": "新", "timezone": "Asia/Shanghai"})
                return written, await client.get("/communities")

    written, read = asyncio.run(ask())
    assert (written.status_code, written.json()["type"]) == (503, "/problems/overloaded")
    assert f"has moved to sqlite:///{tmp_path}/new/g.db: set GONGDAN_STORE" in written.json()["detail"]
    assert [one["code"] for one in read.json()["items"]] == ["JX"]


def test_a_side_s_keys_are_those_of_the_settings_or_must_be_named(home: Home, new_postgres_url: Callable[[], str]) -> None:
    url = new_postgres_url()
    result = home.run("copy", "--to", url)
    assert result.exit_code == 1
    assert "--to-keys must name the key store's own database" in result.stderr
    result = home.run("copy", "--from", url, "--to", f"sqlite:///{home.path}/new.db")
    assert "--from-keys must name the key store's own database" in result.stderr
    keys = new_postgres_url()
    settings = {"GONGDAN_STORE": url, "GONGDAN_KEYS": keys, "GONGDAN_MASTER_KEY_FILE": str(home.master_key)}
    moved = home.done("copy", "--from", f"sqlite:///{home.store}", "--to", url, env=settings)
    assert "GONGDAN_KEYS             postgresql://" in moved


def test_the_master_key_must_fit(home: Home, tmp_path: Path) -> None:
    home.master_key.rename(tmp_path / "elsewhere.key")
    refused = home.run("copy", "--to", f"sqlite:///{tmp_path}/new/gongdan.db")
    assert refused.exit_code == 1
    assert "master.key" in refused.stderr
    assert not (tmp_path / "new").exists()


def test_staying_at_the_old_store(home: Home, tmp_path: Path) -> None:
    to = f"sqlite:///{tmp_path}/new/gongdan.db"
    home.done("copy", "--to", to)
    assert "already; nothing to do" in home.done("copy", "--to", to)
    assert "takes writes again" in home.done("copy", "--to", to, "--cancel")
    home.done("community", "add", "JX", "--name", "锦绣花园")
    refused = home.run("community", "list", env={"GONGDAN_STORE": to, "GONGDAN_MASTER_KEY_FILE": str(home.master_key)})
    assert "is not finished: run gongdan copy again" in refused.stderr
    assert "more copied" in home.done("copy", "--to", to)


@pytest.mark.parametrize("way", [(), ("--dry-run",), ("--cancel",)])
def test_no_password_of_a_url_is_printed(home: Home, way: tuple[str, ...], new_postgres_url: Callable[[], str]) -> None:
    def secret(url: str) -> str:
        return url.replace("gongdan@", "gongdan:s3cret@") + "?application_name=s3cret"

    store, keys = secret(new_postgres_url()), secret(new_postgres_url())
    found = [home.run("copy", "--to", store, "--to-keys", keys, *way)]
    found.append(home.run("copy", "--to", store, "--to-keys", f"sqlite:///{home.path}/else.db", *way))
    found.append(
        home.run("copy", "--to", "postgresql://desk:s3cret@127.0.0.1:1/gongdan?password=s3cret", "--to-keys", keys, *way)
    )
    found.append(home.run("community", "add", "JX", "--name", "x"))
    assert found[2].exit_code == 1
    for result in found:
        assert "s3cret" not in result.output
        assert "Traceback" not in result.output
