"""Lines of a register, and shorthands for use cases of the household register."""

from typing import Any
from uuid import UUID

from domain.household.commands import AddDwelling, RegisterLine, RegisterResident
from domain.household.dwelling import DwellingState
from domain.household.register_entry import LineOutcome
from domain.household.resident import ResidentState
from domain.kernel.ports import PlainField
from domain.kernel.privacy import Text
from tests.support.estates.desk_estate import JX, Estate

HOME = {"building": "3", "entrance": "2", "dwelling": "1201"}
WANG, PHONE = "王小明", "13812345678"


def line(**fields: Any) -> RegisterLine:
    """A line for 王小明, who owns 1201."""
    given = {**HOME, "area": "A1", "name": WANG, "phone": PHONE, "tenure": "owner", "since": "2020-05-01", "keys": 3}
    return RegisterLine.model_validate({name: value for name, value in {**given, **fields}.items() if value is not None})


async def take(estate: Estate, *lines: RegisterLine, dry: bool = False, community: str = JX) -> list[LineOutcome]:
    """Enter lines as the operator."""
    return await (await estate.g.register_entry.begin(community, estate.operator)).take(lines, dry=dry)


async def dwelling(estate: Estate, **fields: Any) -> DwellingState:
    """Add a dwelling, by default 3-2-1201 in A1."""
    command = AddDwelling.model_validate({"community": JX, "area": "A1", **HOME, **fields})
    return await estate.g.households.add_dwelling(command, estate.operator)


async def resident(estate: Estate, by: str | None = None, /, **fields: Any) -> ResidentState:
    """Register a person, by default 王小明, who owns 3-2-1201."""
    home = {**HOME, "tenure": "owner", "since": "2020-05-01", **fields.pop("home", {})}
    command = RegisterResident.model_validate({"community": JX, "name": WANG, "phone": PHONE, "home": home, **fields})
    return await estate.g.households.register(command, estate.admin(by) if by else estate.operator)


async def opened(estate: Estate, stream: UUID, text: Text | None) -> str | None:
    """Open a sealed text; None if there is none or it was erased."""
    if text is None:
        return None
    [clear] = await estate.g.sealer.open([(PlainField(stream, text.version, text.name), text.value)])
    return clear


async def told(estate: Estate, person: ResidentState) -> list[tuple[Any, ...]]:
    """A person's occupancies in the clear."""
    return [
        (one.tenure, one.place.area, one.place.building, one.place.entrance, await opened(estate, person.id, one.number))
        for one in person.occupancies
    ]
