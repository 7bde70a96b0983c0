"""The price list of paid services (有偿服务项目及收费标准, D1 4.2.1), made from a data file."""

import tomllib
from dataclasses import dataclass
from decimal import Decimal

from domain.errors import FieldError, InvalidInput


@dataclass(frozen=True, slots=True)
class PricedService:
    """One line: code, labels, unit, unit price in fen."""

    code: str
    name: str
    unit: str
    unit_price_fen: int


@dataclass(frozen=True, slots=True)
class PriceList:
    """Prices in force; ``version`` is kept in every quotation."""

    version: str
    services: dict[str, PricedService]

    def price(self, code: str, pointer: str) -> PricedService:
        """The line of a code; refuses an unknown one, naming the known."""
        try:
            return self.services[code]
        except KeyError:
            known = ", ".join(self.services)
            raise InvalidInput([FieldError(pointer, f"no such service in price list {self.version}; known: {known}")]) from None


def parse_price_list(text: str) -> PriceList:
    """Parse a price list (TOML): version, and a table of services by code with name, unit and price in yuan."""
    try:
        data = tomllib.loads(text)
        services = {
            code: PricedService(code, line["name"], line["unit"], _fen(line["price_yuan"]))
            for code, line in data["services"].items()
        }
        return PriceList(str(data["version"]), services)
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise InvalidInput([FieldError("/price_list", f"not a price list: {error!r}")]) from error


def _fen(yuan: str) -> int:
    fen = Decimal(yuan) * 100
    if fen != fen.to_integral_value() or fen < 0:
        raise ValueError(f"{yuan} yuan is not a whole number of fen, 0 or more")
    return int(fen)
