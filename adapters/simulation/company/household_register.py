"""Fill the household register (住户名册) of an estate before the first day: owners, family, tenants and their keys."""

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

from adapters.composition import Gongdan
from adapters.simulation.company.residents import Resident
from adapters.simulation.company.site import Site
from domain.household.commands import RegisterLine
from domain.household.register_entry import LineVerdict
from domain.kernel.terms import Tenure
from domain.people.administration import Administrator

HOUSEHOLDS = 120
"""Most households to enter (else every tenth dwelling): enough that most callers are recognised by telephone number."""
TENURES = (Tenure.OWNER,) * 7 + (Tenure.RESIDENT,) * 2 + (Tenure.TENANT,)
LONGEST = 2400
"""Longest residence, in days."""


async def enrol(gongdan: Gongdan, site: Site, first: date, random: Random) -> None:
    """Enter the households. The person entered is the one who calls; for a tenant or relative the owner is entered too."""
    count = min(HOUSEHOLDS, sum(building.dwellings for building in site.estate.buildings) // 10)
    by = Administrator("operator", gongdan.ids.new(), operator=True)
    entering = await gongdan.register_entry.begin(site.estate.code, by)
    lines = [line for home in site.residents.settle(count) for line in _lines(site, home, first, random)]
    outcomes = await entering.take(lines)
    refused = [outcome for outcome in outcomes if outcome.verdict is LineVerdict.REFUSED]
    assert not refused, refused


def _lines(site: Site, home: Resident, first: date, random: Random) -> Iterator[RegisterLine]:
    since = first - timedelta(days=random.randint(30, LONGEST))
    tenure = random.choice(TENURES)
    if tenure is not Tenure.OWNER:
        owner = site.residents.namesake(home) if tenure is Tenure.RESIDENT else site.residents.somebody(home)
        yield _line(owner, Tenure.OWNER, since - timedelta(days=random.randint(0, 300)), 2)
    yield _line(home, tenure, since, 1 if tenure is Tenure.TENANT else 2)


def _line(person: Resident, tenure: Tenure, since: date, keys: int) -> RegisterLine:
    where = {name: getattr(person, name) for name in ("area", "building", "entrance", "dwelling", "name", "phone")}
    return RegisterLine(**where, tenure=tenure, since=since, keys=keys)
