"""The price list of paid services (有偿服务项目及收费标准, D1 4.2.1), made from a data file."""

import tomllib
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from domain.kernel.errors import FieldError, InvalidInput

Label = Annotated[str, StringConstraints(min_length=1, max_length=120)]
Yuan = Annotated[Decimal, Field(ge=0, lt=10_000_000, decimal_places=2)]


class PricedService(BaseModel):
    """A paid service: code, name, unit, and unit price in yuan with at most two decimals."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str
    name: Label
    unit: Label
    price_yuan: Yuan

    @property
    def unit_price_fen(self) -> int:
        """Unit price in fen (分)."""
        return int(self.price_yuan * 100)


class PriceList(BaseModel):
    """The prices in force. Every quotation keeps ``version``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Label
    services: dict[str, PricedService]

    def price(self, code: str, pointer: str) -> PricedService:
        """Find a service by its code. Raises InvalidInput at ``pointer``, with the known codes."""
        try:
            return self.services[code]
        except KeyError:
            known = ", ".join(self.services)
            raise InvalidInput([FieldError(pointer, f"no such service in price list {self.version}; known: {known}")]) from None


def parse_price_list(text: str) -> PriceList:
    """Parse a price list (TOML): version, and a table of services by code with name, unit and price in yuan, as a text.

    Raises InvalidInput, whose errors name the setting: ``/price_list/services/unblock_drain/price_yuan``.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput([FieldError("/price_list", str(error))]) from error
    services = data.get("services")
    if isinstance(services, dict):
        data["services"] = {code: {**line, "code": code} if isinstance(line, dict) else line for code, line in services.items()}
    try:
        return PriceList.model_validate(data)
    except ValidationError as error:
        raise InvalidInput(
            [FieldError("/price_list/" + "/".join(str(p) for p in e["loc"]), e["msg"]) for e in error.errors()]
        ) from error
