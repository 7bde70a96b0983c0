"""Refusals give the limits in force: no text spells a number that a community may configure otherwise."""

import ast
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from adapters.labels.field_words import MESSAGES
from adapters.labels.rule_words import RULE_WORDS, rule_words
from domain.kernel.terms import Trigger
from domain.ticket.events import Ticket
from domain.ticket.guards import RULES, PolicyInForce, Rule, forbidding
from tests.support.ticket_factory import MORNING, POLICY, ZONE, classified, completed, dispatched, fact, received, ticket

ROOT = Path(__file__).parents[2]
REFUSING = {"Rule", "RuleRefused", "refuse", "refused", "invalid", "FieldError", "Conflict", "NotAllowed", "LineRefused"}
NUMBER = r"(?:\d+|two|three|four|five|ten|fifteen|thirty|within an?|half an)"
LIMIT = re.compile(rf"\b{NUMBER} (?:different )?(?:attempt|minute|hour|day)s?\b")
CHINESE_LIMIT = re.compile(r"(?:(?<!\\)[0-9二两三四五六七八九十百] ?(?:天|日|分钟|小时|次)|一(?:天|小时|分钟)之?内)")


def texts(node: ast.AST) -> Iterator[str]:
    """The constant parts of the strings below a node."""
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value


def refusal_texts() -> Iterator[tuple[str, str]]:
    """Every text that the domain refuses with: arguments of refusals, and what is assigned to ``detail``."""
    for path in sorted((ROOT / "domain").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                if name in REFUSING:
                    yield from ((path.name, text) for argument in node.args for text in texts(argument))
            elif isinstance(node, ast.Assign) and any(isinstance(one, ast.Name) and one.id == "detail" for one in node.targets):
                yield from ((path.name, text) for text in texts(node.value))


def test_no_refusal_spells_a_limit() -> None:
    found = list(refusal_texts())
    assert len(found) > 100
    assert [(name, text) for name, text in found if LIMIT.search(text)] == []


def test_no_chinese_refusal_spells_a_limit() -> None:
    said = [*RULE_WORDS.values(), *(chinese for _, chinese in MESSAGES)]
    assert [text for text in said if CHINESE_LIMIT.search(text)] == []


@drawn(st.integers(31, 999), st.integers(4, 99), st.integers(4, 99))
def test_refusals_name_the_limits_in_force(reopen_days: int, attempts: int, days: int) -> None:
    terms = {
        "follow_up.reopen_days": reopen_days,
        "follow_up.unreached_attempts": attempts,
        "follow_up.unreached_days": days,
    }
    policy = POLICY.overridden(terms)
    done = [received(), classified(), dispatched(), completed()]
    closed = ticket(*done, fact(Ticket.FollowUpRecorded))
    cases = [
        (closed, Trigger.REOPEN, MORNING + timedelta(days=2000), {str(reopen_days)}),
        (ticket(*done), Trigger.CLOSE_UNREACHED, MORNING, {str(attempts), str(days)}),
    ]
    for state, trigger, at, limits in cases:
        rule = forbidding(state, trigger, PolicyInForce(at, ZONE, policy))
        assert rule is not None
        assert set(re.findall(r"\d+", rule.detail)) == limits
        assert set(re.findall(r"\d+", rule_words(rule.code, rule.detail, "zh"))) == limits


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_every_rule_can_be_said_in_both_languages(rule: Rule) -> None:
    said = rule.with_limits(POLICY)
    for text in (said.detail, rule_words(said.code, said.detail, "zh")):
        assert text
        assert not re.search(r"[{}]", text)
