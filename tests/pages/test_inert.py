"""What people write is shown as text: every template escapes, and none has a place where text could become script or style."""

import re
from importlib.resources import files
from pathlib import Path

import pytest

FOLDER = Path(str(files("adapters.rendering") / "templates"))
PRINTED = FOLDER / "ticket" / "printed_book.html"
"""A document of its own, which a reader keeps: its style, ours alone, goes with it."""
TEMPLATES = [path for path in sorted(FOLDER.rglob("*.html")) if path != PRINTED]
PLACES = {
    "text taken as markup": r"\|\s*safe\b|\bautoescape\b|\bMarkup\b",
    "a handler in an attribute": r"<[a-z][^>]*\son[a-z]+\s*=",
    "a script in the page": r"<script(?![^>]*\bsrc=)",
    "a style in the page": r"<style|<[a-z][^>]*\sstyle\s*=",
    "an attribute without quotes": r"<[a-z][^>]*\s[a-z-]+=\{\{",
}


@pytest.mark.parametrize("what", PLACES)
def test_no_template_has(what: str) -> None:
    assert len(TEMPLATES) > 20
    texts = {path.relative_to(FOLDER).as_posix(): path.read_text() for path in TEMPLATES}
    if what != "text taken as markup":
        texts = {name: re.sub(r"\{%.*?%\}", "", text) for name, text in texts.items()}
    found = {name: re.findall(PLACES[what], text) for name, text in texts.items()}
    assert {name: places for name, places in found.items() if places} == {}
