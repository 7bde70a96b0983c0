"""Every text of the pages has its English, and the sources hold no Chinese that no catalogue could translate."""

import re
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

from adapters.rendering.environment import translations
from tests.pages.catalogue import ADAPTERS, committed, extracted

CHINESE = re.compile(r"[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]")
NAMES = re.compile(r"%\((\w+)\)s|\{(\w+)")
DATA = nodes.TemplateData
TEMPLATES = sorted((ADAPTERS / "rendering" / "templates").rglob("*.html"))


def test_every_text_has_english_and_no_english_is_left_over() -> None:
    sources = {message.id for message in extracted() if message.id}
    catalogue = {message.id: message for message in committed() if message.id}
    assert sources == set(catalogue), "run: python -m tests.pages.catalogue"
    for text, message in catalogue.items():
        assert message.string, f"without English: {text}"
        assert not message.fuzzy, text


def test_the_english_is_english_and_fills_in_the_same() -> None:
    for message in committed():
        if not message.id:
            continue
        assert not CHINESE.search(str(message.string)), message.id
        found = [sorted({a or b for a, b in NAMES.findall(str(text))}) for text in (message.id, message.string)]
        assert found[0] == found[1], message.id


def test_the_catalogue_is_compiled_as_it_stands() -> None:
    compiled = translations("en")
    for message in committed():
        if message.id:
            assert compiled.gettext(str(message.id)) == message.string


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(ADAPTERS).as_posix())
def test_templates_say_nothing_but_by_the_catalogue(path: Path) -> None:
    assert untranslated(path.read_text(encoding="utf-8")) == []


def untranslated(source: str) -> list[str]:
    """Find Chinese, or a word of a sentence, that a template shows untranslated."""
    tree = Environment(extensions=["jinja2.ext.i18n"]).parse(source)
    classes = {part for block in tree.find_all(nodes.Block) if block.name.endswith("_class") for part in block.find_all(DATA)}
    texts = [part.data for part in tree.find_all(DATA) if part not in classes]
    chinese = [part.strip() for text in texts for part in re.findall(f"[^\n]*{CHINESE.pattern}[^\n]*", text)]
    shown = re.sub(r"<!--.*?-->|<kbd>[^<]*</kbd>", "", "\0".join(texts), flags=re.DOTALL)
    between = re.sub(r"<[^<>]*>", "\0", shown.replace("\0", "\x01"))
    words = re.findall(r"[^\x00\x01\n]*[A-Za-z\u3400-\u9fff]{2,}[^\x00\x01\n]*", _outside_tags(between))
    return [*chinese, *(word.strip() for word in words)]


def _outside_tags(text: str) -> str:
    """Remove text inside a tag that an expression interrupts."""
    kept, inside = [], False
    for character in text:
        if character == "<":
            inside = True
        elif character == ">":
            inside = False
        elif not inside:
            kept.append(character)
    return "".join(kept)


@pytest.mark.parametrize(
    "source",
    [
        "<p>你好</p>",
        '<p title="你好">{{ x }}</p>',
        "<p>Hello there</p>",
        "{% if x %}<b>yes</b>{% endif %}",
        '<a href="{{ x }}">go on</a>',
    ],
)
def test_a_seeded_text_is_seen(source: str) -> None:
    assert untranslated(source) != []


@pytest.mark.parametrize(
    "source",
    [
        "<p>{{ _('你好') }}</p>",
        '<a class="x{{ y }} more" href="{{ z }}">{{ t }}</a>',
        "<p>· — 1</p>",
        "{% block a_class %}narrow{% endblock %}",
    ],
)
def test_what_is_allowed_is_not_reported(source: str) -> None:
    assert untranslated(source) == []
