"""Estates of any seed: the desk accepts every command, and the invariants of an estate hold."""

import asyncio
import json
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from adapters.composition import opened
from adapters.simulation.company.deck import Deck
from adapters.simulation.company.texts import TEXTS
from adapters.simulation.load import Load, simulate
from adapters.system.settings import Settings
from adapters.system.system import entropy
from domain.kernel.terms import State
from tests.simulation import reading
from tests.simulation.reading import Ran
from tests.support.command_line import Home

NOW = datetime.fromisoformat("2026-10-10T15:20+08:00")
LOADS = {
    "two estates, into the national holiday": Load(2, 6, 1, date(2026, 9, 28)),
    "one estate through the end of summer": Load(1, 9, 2, date(2026, 9, 25)),
    "one estate over new year": Load(1, 6, 3, date(2025, 12, 29)),
}


def settings_in(folder: Path) -> Settings:
    return Settings(store=f"sqlite:///{folder}/gongdan.db", keys="", master_key_file=None, policy_file=None, price_list_file=None)


async def ran(settings: Settings, load: Load, random: Random | None = None) -> Ran:
    report, simulation = await simulate(settings, load, NOW, entropy=random.randbytes if random else entropy)
    found = await reading.read(settings, report.until, simulation.sites)
    assert report.tickets == len(found.states)
    return found


@pytest.fixture(scope="module", params=list(LOADS))
def simulated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return asyncio.run(ran(settings_in(tmp_path_factory.mktemp("load")), LOADS[request.param]))


@pytest.mark.parametrize("holds", reading.ALWAYS, ids=lambda holds: holds.__name__)
def test_what_holds_of_any_estate(holds: Callable[[Ran], None], simulated: Ran) -> None:
    holds(simulated)


def test_estates_share_nothing_but_the_companys_people(simulated: Ran) -> None:
    company = {member.login for site in simulated.sites for member in site.estate.staff if member.company}
    own = [{member.login for member in site.estate.staff} - company for site in simulated.sites]
    for stored, event in zip(simulated.stored, simulated.events, strict=True):
        if stored.topic.startswith("ticket."):
            place = next(i for i, site in enumerate(simulated.sites) if site.estate.code == stored.community)
            assert event.meta.actor in own[place] | company
    assert sum(map(len, own)) == len(set().union(*own))


def test_numbers_have_no_gap_and_the_read_models_agree(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)

    async def differences() -> list[Any]:
        await simulate(settings, Load(2, 3, 8, date(2026, 9, 29)), NOW)
        async with opened(settings) as parts:
            for status in await parts.projections.status():
                await parts.projections.rebuild(status.name)
            return [found.differences for found in await parts.projections.check()]

    assert not any(asyncio.run(differences()))


def test_the_same_seed_and_first_day_give_the_same_bytes(tmp_path: Path) -> None:
    def bytes_of(name: str, seed: int) -> list[Any]:
        (tmp_path / name).mkdir()
        found = asyncio.run(ran(settings_in(tmp_path / name), Load(1, 2, seed, date(2026, 3, 2)), Random(5)))
        return [(s.position, s.stream_id, s.version, s.topic, s.recorded_at, s.number, s.state) for s in found.stored]

    first = bytes_of("a", 4)
    assert first == bytes_of("b", 4)
    assert first != bytes_of("c", 5)


@pytest.mark.anyio
async def test_on_postgresql_too(tmp_path: Path, new_postgres_url: Callable[[], str]) -> None:
    settings = Settings(store=new_postgres_url(), keys=new_postgres_url(), master_key_file=tmp_path / "master.key")
    found = await ran(settings, Load(1, 2, 6, date(2026, 3, 2)))
    for holds in reading.ALWAYS:
        holds(found)


def test_at_the_end_of_a_store_that_is_there(tmp_path: Path) -> None:
    """Where the log ends later than the days would begin, they begin on the day after."""
    home = Home(tmp_path)
    home.done("init")
    report = json.loads(home.done("simulate", "--days", "1", "--json"))
    again = json.loads(home.done("simulate", "--days", "1", "--json"))
    assert (report["communities"], again["communities"]) == (["S01"], ["S02"])
    assert report["since"] < report["until"] <= again["since"]
    found = json.loads(home.done("ticket", "list", "--as", _somebody(home, "supervisor"), "--json"))
    assert {ticket["community"] for ticket in found["items"]} <= {"S01", "S02"}
    assert {ticket["state"] for ticket in found["items"]} <= set(State)


def test_a_dry_run_appends_nothing(tmp_path: Path) -> None:
    home = Home(tmp_path)
    said = home.done("simulate", "--days", "1", "--dry-run", "--from", "2026-01-05")
    assert "nothing was appended" in said
    assert not home.store.exists()


def _somebody(home: Home, role: str) -> str:
    people = json.loads(home.done("user", "list", "--json"))["items"]
    return str(next(one["login"] for one in people if any(grant["role"] == role for grant in one["grants"])))


def test_a_deck_gives_nothing_again_soon() -> None:
    for size in range(1, 12):
        deck = Deck(range(size), Random(size))
        drawn = [deck.draw() for _ in range(200)]
        apart = size - max(1, size // 2)
        for i in range(apart, len(drawn)):
            assert drawn[i] not in drawn[i - apart : i], size


def test_the_texts_are_well_formed_and_none_stands_twice() -> None:
    told = [case.told for repair in (*TEXTS.at_home, *TEXTS.in_public) for case in repair.cases]
    told += [matter.told for matters in TEXTS.matters.model_dump().values() for matter in map(_Told, matters)]
    assert len(told) == len(set(told)) > 150
    lines = [line for name, lines in TEXTS.say.model_dump().items() if name not in OTHERWISE for line in lines]
    assert len(lines) == len(set(lines))
    assert all(text.endswith(("。", "！", "？")) for text in (*told, *lines))


OTHERWISE = ("renovations", "findings", "disputes", "evidence")


class _Told:
    def __init__(self, matter: dict[str, Any]) -> None:
        self.told = matter["told"]
