"""Every code of the vocabulary has a label, and the glossary names it."""

from enum import StrEnum
from pathlib import Path

import pytest

from adapters.labels.labels import LABELS, label
from domain.kernel import terms
from tests.documentation.pages import PAGES, REFERENCE

ENUMS = [
    found for found in vars(terms).values() if isinstance(found, type) and issubclass(found, StrEnum) and found is not StrEnum
]
GLOSSARY = Path(__file__).parents[2] / "docs" / "reference" / "glossary.md"


@pytest.mark.parametrize("enum", ENUMS, ids=lambda e: e.__name__)
def test_every_code_has_a_label_and_no_label_is_left_over(enum: type[StrEnum]) -> None:
    assert set(LABELS[enum]) == {code.value for code in enum}
    for code in enum:
        assert label(code)
        assert label(code, "en")


@pytest.mark.parametrize("enum", ENUMS, ids=lambda e: e.__name__)
def test_the_glossary_pairs_every_code_with_its_chinese_term(enum: type[StrEnum]) -> None:
    text = GLOSSARY.read_text(encoding="utf-8")
    for code in enum:
        assert f"| `{code.value}` | {label(code)} | {label(code, 'en')} |" in text


@pytest.mark.parametrize("name", PAGES)
def test_pages_made_from_the_code_are_current(name: str) -> None:
    assert (REFERENCE / name).read_text(encoding="utf-8") == PAGES[name](), "run: python -m tests.documentation.pages"
