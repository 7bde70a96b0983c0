"""Refusals speak the visitor's language: every rule, every field of a command, every message that forms can meet."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.labels.field_words import FIELD_WORDS, field_words, message_words
from adapters.labels.rule_words import RULE_WORDS
from domain.ticket.commands import COMMANDS
from domain.ticket.guards import RULES
from domain.ticket.persons import PERSON_RULES

ROOT = Path(__file__).parents[2]
CHINESE = re.compile(r"[\u3400-\u9fff]")
CODE_AT = {"refuse": 3, "refused": 2, "RuleRefused": 0, "Rule": 0, "PersonRule": 0}
"""Which argument of these is the rule's code."""


def rule_codes() -> Iterator[str]:
    """Every rule's code in the sources of the domain."""
    for path in sorted((ROOT / "domain").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CODE_AT:
                at = CODE_AT[node.func.id]
                if len(node.args) > at and isinstance(node.args[at], ast.Constant):
                    yield str(node.args[at].value)  # type: ignore[attr-defined]


def test_every_rule_has_its_chinese() -> None:
    codes = set(rule_codes())
    assert {rule.code for rule in (*RULES, *PERSON_RULES)} <= codes
    assert {code: CHINESE.search(RULE_WORDS.get(code, "")) is not None for code in codes} == dict.fromkeys(codes, True)


def test_every_field_of_a_command_has_a_name() -> None:
    names = {name for command in COMMANDS.values() if command.trigger != "attach" for name in command.model_fields}
    assert names - set(FIELD_WORDS) == set()


@pytest.mark.parametrize(
    ("pointer", "chinese", "english"),
    [
        ("/reporter/phone", "电话", "Phone"),
        ("/complained_of/0", "被投诉人", "Complained of"),
        ("/lines/2/quantity", "数量", "Quantity"),
        ("", "", ""),
    ],
)
def test_a_pointer_leads_to_a_name(pointer: str, chinese: str, english: str) -> None:
    assert (field_words(pointer, "zh"), field_words(pointer, "en")) == (chinese, english)


def messages() -> Iterator[str]:
    """Messages about wrong input in the use cases of tickets and people, where they are plain texts."""
    for folder in ("ticket", "people", "service_desk", "kernel"):
        for node in (
            n
            for path in sorted((ROOT / "domain" / folder).glob("*.py"))
            for n in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        ):
            called = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
            if called and node.func.id in ("invalid", "FieldError"):  # type: ignore[attr-defined]
                yield _plain(node.args[1])  # type: ignore[attr-defined]


def _plain(node: Any) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
    return str(node.value) if isinstance(node, ast.Constant) else ""


@pytest.mark.parametrize("message", sorted(set(messages())))
def test_every_message_has_its_chinese(message: str) -> None:
    if message:
        assert CHINESE.search(message_words(message, "zh")), message
        assert not CHINESE.search(message_words(message, "en"))
