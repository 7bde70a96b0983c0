"""Commands that publish a community's own rules: a price list, a scorecard, a day of its calendar. Each takes two people."""

from datetime import date
from typing import Annotated, Literal

from pydantic import StringConstraints

from domain.kernel.values import Code, FreeText, MonthCode, ShortText, Value

PRICE_LIST: Literal["publish_price_list"] = "publish_price_list"
CALENDAR: Literal["override_calendar"] = "override_calendar"
RULE_BOOK: Literal["publish_rule_book"] = "publish_rule_book"

RuleBookText = Annotated[str, StringConstraints(min_length=1, max_length=400_000)]


class PublishPriceList(Value):
    """Publish a community's own price list, as TOML text (有偿服务收费标准)."""

    community: Code
    text: FreeText


class OverrideCalendar(Value):
    """Override a day of the published calendar for a community (工作日历调整); null restores it."""

    community: Code
    date: date
    works: bool | None
    reason: ShortText


class PublishRuleBook(Value):
    """Publish a community's own scorecard, as TOML text, from the first day of a month on (考评细则)."""

    community: Code
    text: RuleBookText
    from_month: MonthCode


Published = PublishPriceList | OverrideCalendar | PublishRuleBook
