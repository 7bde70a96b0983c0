"""Commands that always take two people and are no step of a ticket: erasure, disclosure, price list, calendar, rule book."""

from datetime import date
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import StringConstraints, model_validator

from domain.kernel.values import Code, FreeText, ShortText, TicketRef, Value

ERASE: Literal["erase"] = "erase"
DISCLOSE: Literal["disclose"] = "disclose"
PRICE_LIST: Literal["publish_price_list"] = "publish_price_list"
CALENDAR: Literal["override_calendar"] = "override_calendar"
RULE_BOOK: Literal["publish_rule_book"] = "publish_rule_book"


RuleBookText = Annotated[str, StringConstraints(min_length=1, max_length=400_000)]
MonthCode = Annotated[str, StringConstraints(pattern=r"^(19[7-9]\d|20\d\d|21\d\d)-(0[1-9]|1[0-2])$")]


class Erase(Value):
    """Destroy the keys of a person (个人信息删除): whom a ticket is about, or a resident of the roll.

    Callers linked to a resident are that person. ``reason`` is a code, as it stays readable.
    """

    ticket: TicketRef | None = None
    resident: UUID | None = None
    reason: Code

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.ticket is None) is (self.resident is None):
            raise ValueError("names a ticket or a resident, one of them")
        return self


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


class PublishRuleBook(Value):
    """A community's own scorecard, as TOML text, from the first day of a month on (考评细则)."""

    community: Code
    text: RuleBookText
    from_month: MonthCode


Solemn = Erase | Disclose | PublishPriceList | OverrideCalendar | PublishRuleBook
