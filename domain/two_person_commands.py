"""Commands that always take two people and are no step of a ticket: erasure, disclosure, price list, calendar."""

from datetime import date
from typing import Literal

from domain.ticket_commands import Code, FreeText, ShortText, TicketRef, Value

ERASE: Literal["erase"] = "erase"
DISCLOSE: Literal["disclose"] = "disclose"
PRICE_LIST: Literal["publish_price_list"] = "publish_price_list"
CALENDAR: Literal["override_calendar"] = "override_calendar"


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


class OverrideCalendar(Value):
    """A day of a community's calendar that is otherwise than published (工作日历调整); null: as published again."""

    community: Code
    date: date
    works: bool | None
    reason: ShortText


Solemn = Erase | Disclose | PublishPriceList | OverrideCalendar
