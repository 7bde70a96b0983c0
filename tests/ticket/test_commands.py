"""Well-formed commands: long texts, invisible characters, unknown fields; and the data files of policy and prices."""

import json
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.kernel.errors import InvalidInput
from domain.kernel.terms import Trigger
from domain.rules.policy import parse_policy
from domain.rules.price_list import parse_price_list
from domain.ticket import commands as c
from tests.support.ticket_factory import POLICY, PRICES, RULES

BASE: dict[str, Any] = {"community": "garden", "channel": "phone", "description": "漏水"}
MINIMAL: dict[Trigger, dict[str, Any]] = {
    Trigger.RECEIVE: BASE,
    Trigger.CLASSIFY: {"kind": "repair"},
    Trigger.RECLASSIFY: {"kind": "repair"},
    Trigger.DISPATCH: {"assignee": "wang"},
    Trigger.REASSIGN: {"assignee": {"type": "contractor", "id": "acme"}},
    Trigger.DECLINE: {"reason": "?"},
    Trigger.ACCEPT: {},
    Trigger.START: {},
    Trigger.SUSPEND: {"reason": "awaiting_parts"},
    Trigger.RESUME: {},
    Trigger.COMPLETE: {"resolution": "?"},
    Trigger.SETTLE: {"resolution": "?"},
    Trigger.FOLLOW_UP: {"satisfied": True, "method": "phone"},
    Trigger.ATTEMPT_FOLLOW_UP: {},
    Trigger.CLOSE_UNREACHED: {},
    Trigger.REOPEN: {"reason": "?"},
    Trigger.CANCEL: {"reason": "invalid"},
    Trigger.REPLY: {"message": "?"},
    Trigger.SCHEDULE: {"appointment_at": "2026-03-03T10:00:00+08:00"},
    Trigger.DEFER: {"told_resident": False},
    Trigger.ESCALATE: {"reason": "?"},
    Trigger.URGE: {},
    Trigger.QUOTE: {"lines": [{"code": "replace_tap"}]},
    Trigger.ACCEPT_QUOTE: {},
    Trigger.DECLINE_QUOTE: {},
    Trigger.SETTLE_CHARGE: {"outcome": "paid"},
    Trigger.CHECK_ITEM: {"item": "drawings"},
    Trigger.ORDER_RECTIFICATION: {"what": "?", "due_at": "2026-03-03T10:00:00Z"},
    Trigger.CONFIRM_RECTIFICATION: {},
    Trigger.APPROVE_MAJOR_WORKS: {"agreed_due_at": "2026-03-03T10:00:00Z", "reason": "?"},
    Trigger.JUDGE_COMPLAINT: {"reasonable": False},
    Trigger.LINK: {"ticket": "GD-garden-20260302-0002", "relation": "same_cause"},
    Trigger.ATTACH: {"name": "ab" * 32, "content_type": "image/png", "size": 1},
    Trigger.CORRECT: {"field": "category", "value": None, "reason": "register_error"},
    Trigger.NOTE: {"text": "?"},
}
FREE_TEXTS = [
    *((Trigger.RECEIVE, "description"), (Trigger.DECLINE, "reason"), (Trigger.COMPLETE, "resolution")),
    *((Trigger.SETTLE, "resolution"), (Trigger.FOLLOW_UP, "comment"), (Trigger.REOPEN, "reason")),
    *((Trigger.REPLY, "message"), (Trigger.ESCALATE, "reason"), (Trigger.URGE, "message"), (Trigger.CHECK_ITEM, "evidence")),
    *((Trigger.ORDER_RECTIFICATION, "what"), (Trigger.APPROVE_MAJOR_WORKS, "reason"), (Trigger.CORRECT, "value")),
    (Trigger.NOTE, "text"),
]


def read(trigger: Trigger, **changes: Any) -> c.Command:
    """Parse a command as sent over the wire."""
    return c.COMMANDS[trigger].model_validate_json(json.dumps({**MINIMAL[trigger], **changes}))


def wrong(trigger: Trigger, **changes: Any) -> list[str]:
    """The pointers at which a command is not well-formed."""
    with pytest.raises(ValidationError) as refused:
        read(trigger, **changes)
    return ["/".join(str(part) for part in error["loc"]) for error in refused.value.errors()]


@pytest.mark.parametrize("trigger", Trigger)
def test_unknown_fields_are_refused_by_name(trigger: Trigger) -> None:
    assert read(trigger).trigger is trigger
    assert wrong(trigger, surprise=1) == ["surprise"]


def test_unknown_fields_within() -> None:
    assert wrong(Trigger.RECEIVE, location={"area": "east", "planet": "Mars"}) == ["location/planet"]
    assert wrong(Trigger.RECEIVE, reporter={"email": "x"}) == ["reporter/email"]
    assert wrong(Trigger.QUOTE, lines=[{"code": "replace_tap", "unit_price_fen": 1}])[0] == "lines/0/unit_price_fen"
    assert "assignee/AssigneeRef/salary" in wrong(Trigger.DISPATCH, assignee={"id": "acme", "salary": 1})


@pytest.mark.parametrize(("trigger", "name"), FREE_TEXTS)
def test_free_texts(trigger: Trigger, name: str) -> None:
    """At most 4,000 characters, no NUL or other control character, not empty; right-to-left text is allowed."""
    assert getattr(read(trigger, **{name: "字" * 4000}), name) == "字" * 4000
    assert getattr(read(trigger, **{name: "  第一行\n第二行\t "}), name) == "第一行\n第二行"
    assert getattr(read(trigger, **{name: "\u202eשלום\u200f"}), name) == "\u202eשלום\u200f"
    for bad in ("字" * 4001, "字" * 10_000, "a\x00b", "a\x1bb", "a\x7fb", "", " \n "):
        assert wrong(trigger, **{name: bad}) == [name]


def test_lists_of_texts() -> None:
    assert wrong(Trigger.CHECK_ITEM, defects=["裂缝", "a\x00"]) == ["defects/1"]
    assert wrong(Trigger.CHECK_ITEM, defects=["裂缝"] * 51) == ["defects"]
    assert wrong(Trigger.COMPLETE, parts=["阀", "b\u202e"]) == ["parts/1"]
    assert wrong(Trigger.QUOTE, lines=[]) == ["lines"]


@pytest.mark.parametrize("mark", ["\u200e", "\u200f", "\u202a", "\u202e", "\u2066", "\u2069"])
def test_names_hold_no_direction_marks(mark: str) -> None:
    """A name displayed in another order than it is written could be mistaken for another name."""
    assert wrong(Trigger.RECEIVE, reporter={"name": f"王{mark}明"}) == ["reporter/name"]
    assert wrong(Trigger.RECEIVE, location={"public_place": f"广{mark}场"}) == ["location/public_place"]
    assert wrong(Trigger.ATTACH, file_name=f"照{mark}片.png") == ["file_name"]


def test_names_and_codes() -> None:
    assert wrong(Trigger.RECEIVE, reporter={"name": "名" * 61}) == ["reporter/name"]
    assert wrong(Trigger.RECEIVE, community="a b") == ["community"]
    assert wrong(Trigger.RECEIVE, location={"area": "a\x00"}) == ["location/area"]
    for phone in ("+86 138-1234-5678", "12345"):
        assert read(Trigger.RECEIVE, reporter={"phone": phone})
    for phone in ("110", "call me", "1234\n", "١٢٣٤٥٦", "+", "1" * 30):
        assert wrong(Trigger.RECEIVE, reporter={"phone": phone}) == ["reporter/phone"]
    for login in ("Wang", "1wang", "wang\n", "w" * 41, ""):
        assert wrong(Trigger.CLASSIFY, complained_of=[login]) == ["complained_of/0"]
    assert wrong(Trigger.LINK, ticket="../other") == ["ticket"]
    assert wrong(Trigger.ATTACH, name="AB" * 32) == ["name"]


def test_moments_have_an_offset() -> None:
    assert wrong(Trigger.SCHEDULE, appointment_at="2026-03-03T10:00:00") == ["appointment_at"]
    assert wrong(Trigger.ORDER_RECTIFICATION, due_at="tomorrow") == ["due_at"]


def test_numbers_have_bounds() -> None:
    for rating in (0, 6, 2.5, "good"):
        assert wrong(Trigger.FOLLOW_UP, rating=rating) == ["rating"]
    for quantity in (0, -1, 10_001):
        assert wrong(Trigger.QUOTE, lines=[{"code": "replace_tap", "quantity": quantity}])[0] == "lines/0/quantity"


@given(st.text(max_size=50))
def test_any_text_is_taken_or_refused(text: str) -> None:
    """Every accepted text can be encoded as UTF-8."""
    try:
        command = c.Note(text=text)
    except ValidationError:
        return
    assert command.text.encode()
    assert "\x00" not in command.text


def test_lone_surrogates_are_no_text() -> None:
    with pytest.raises(ValidationError):
        c.Note(text="a\ud800")
    with pytest.raises(ValidationError):
        c.Note.model_validate_json('{"text": "a\\ud800"}')


# --- data files --------------------------------------------------------------------------------------------------------


def pointers(refused: Iterable[Any]) -> list[str]:
    return [error.pointer for error in refused]


SHIPPED = (RULES / "policy.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "pointer"),
    [
        ("repair_minutes = 4320", "", "/settings/clocks.repair_minutes"),
        ("repair_minutes = 4320", "repair_minutes = 0", "/settings/clocks.repair_minutes"),
        ("repair_minutes = 4320", 'repair_minutes = "soon"', "/settings/clocks.repair_minutes"),
        ("reply_minutes = 2880", "reply_minutes = 2880\nlunch_minutes = 1", "/settings/clocks.lunch_minutes"),
        ('repair = ["awaiting_resident"]', 'repair = ["raining"]', "/settings/clock_pauses.repair.0"),
        ('summer_from = "05-01"', 'summer_from = "13-01"', "/settings/duty.summer_from"),
        ('noon = "12:00"', 'noon = "noon"', "/settings/duty.noon"),
        ('noon = "12:00"', 'noon = "07:00"', "/settings/duty"),
        ('night_summer = "18:00"', 'night_summer = "14:00"', "/settings/duty"),
        ('night_post = "technician"', 'night_post = "anyone"', "/settings/duty.night_post"),
        ("[approval]", "[approvals]", "/settings/approval"),
    ],
)
def test_a_wrong_policy_names_the_setting(old: str, new: str, pointer: str) -> None:
    assert old in SHIPPED
    with pytest.raises(InvalidInput) as refused:
        parse_policy(SHIPPED.replace(old, new))
    assert pointer in pointers(refused.value.errors)


def test_a_policy_that_is_no_toml() -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_policy("[clocks")
    assert pointers(refused.value.errors) == ["/policy"]


def test_a_community_decides_single_settings_otherwise() -> None:
    own = POLICY.overridden({"clocks.reply_minutes": 60, "duty.night_post": "control_room", "clock_pauses.repair": []})
    assert (own.clock_policy.limits["reply"], own.duty.night_post, own.clock_policy.pauses["repair"]) == (60, "control_room", ())
    assert (own.version, own.clock_policy.version) == ("2026-1+community", "2026-1+community")
    assert own.overridden({"clocks.repair_minutes": 1}).version == "2026-1+community"
    assert POLICY.clock_policy.limits["reply"] == 2880
    assert POLICY.overridden({}) == POLICY
    for name, value in {"clocks.lunch": 1, "clocks": 1, "": 1, "version": "x", "clocks.reply_minutes": -1}.items():
        with pytest.raises(InvalidInput) as refused:
            POLICY.overridden({name: value})
        assert pointers(refused.value.errors) == [f"/settings/{name}"]


PRICE = 'version = "1"\n[services]\ntap = { name = "换龙头", unit = "个", price_yuan = "30.00" }\n'


@pytest.mark.parametrize(
    ("text", "pointer"),
    [
        (PRICE.replace('"30.00"', '"30.005"'), "/price_list/services/tap/price_yuan"),
        (PRICE.replace('"30.00"', '"-1"'), "/price_list/services/tap/price_yuan"),
        (PRICE.replace('"30.00"', '"cheap"'), "/price_list/services/tap/price_yuan"),
        (PRICE.replace('"30.00"', '"NaN"'), "/price_list/services/tap/price_yuan"),
        (PRICE.replace('"30.00"', '"Infinity"'), "/price_list/services/tap/price_yuan"),
        (PRICE.replace('name = "换龙头", ', ""), "/price_list/services/tap/name"),
        (PRICE.replace("unit", "per"), "/price_list/services/tap/unit"),
        (PRICE.replace("unit", "per"), "/price_list/services/tap/per"),
        (PRICE + "valve = 3\n", "/price_list/services/valve"),
        (PRICE.replace('version = "1"\n', ""), "/price_list/version"),
        ('version = "1"\nservices = [1]\n', "/price_list/services"),
        ('version = "1"\n', "/price_list/services"),
        ("[services", "/price_list"),
    ],
)
def test_a_wrong_price_list_names_the_line(text: str, pointer: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_price_list(text)
    assert pointer in pointers(refused.value.errors)


def test_prices_are_whole_fen() -> None:
    assert parse_price_list(PRICE).price("tap", "/x").unit_price_fen == 3000
    assert parse_price_list(PRICE.replace("30.00", "0.01")).price("tap", "/x").unit_price_fen == 1
    assert parse_price_list(PRICE.replace('"30.00"', "0.1")).price("tap", "/x").unit_price_fen == 10
    assert all(service.unit_price_fen > 0 for service in PRICES.services.values())
    with pytest.raises(InvalidInput, match="known: tap"):
        parse_price_list(PRICE).price("door", "/lines/0/code")
