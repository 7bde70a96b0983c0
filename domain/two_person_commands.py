"""Commands that always take two people and are no step of a ticket: erasure, disclosure, a new price list."""

from typing import Literal

from domain.ticket_commands import Code, FreeText, TicketRef, Value

ERASE: Literal["erase"] = "erase"
DISCLOSE: Literal["disclose"] = "disclose"
PRICE_LIST: Literal["publish_price_list"] = "publish_price_list"


class Erase(Value):
    """Destroy the key of the person a ticket is about (个人信息删除). ``reason`` is a code, as it stays readable."""

    ticket: TicketRef
    reason: Code


class Disclose(Value):
    """Disclose a ticket's personal data to the police under their reference number (公安机关查案, D2 duty 21)."""

    ticket: TicketRef
    reference: Code


class PublishPriceList(Value):
    """A community's own price list, as TOML text (有偿服务收费标准)."""

    community: Code
    text: FreeText


Solemn = Erase | Disclose | PublishPriceList
