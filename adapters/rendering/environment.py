"""Templates and languages: one Jinja2 environment for each language, its catalogue compiled in memory at start.

The templates are written in Chinese; ``catalogues/en.po`` holds the English of every text.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from functools import partial
from importlib.resources import files
from io import BytesIO
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from starlette.requests import Request
from uuid_utils.compat import uuid7

from adapters.labels.labels import label, thing
from adapters.rendering.assets import Assets

CHINESE, ENGLISH = "zh", "en"
LANGUAGES = {CHINESE: "中文", ENGLISH: "English"}
"""Languages, each by its own name. The first is the default."""
LANGUAGE_TAGS = {CHINESE: "zh-CN", ENGLISH: "en"}


def translations(language: str) -> NullTranslations:
    """Load the catalogue of a language; Chinese needs none, since it is the language of the sources."""
    if language == CHINESE:
        return NullTranslations()
    text = (files("adapters.rendering") / "catalogues" / f"{language}.po").read_bytes()
    compiled = BytesIO()
    write_mo(compiled, read_po(BytesIO(text), locale=language))
    compiled.seek(0)
    return Translations(compiled)


class Words:
    """Translations into one language for Python code. Templates use ``_`` instead."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.translations = translations(language)

    def say(self, text: str, **named: object) -> str:
        """Translate a text and fill in its ``{names}``."""
        said: str = self.translations.gettext(text)
        return said.format(**named) if named else said

    def label(self, code: StrEnum) -> str:
        """Translate a code."""
        return label(code, self.language)

    def many(self, words: list[str]) -> str:
        """Join words with the language's comma."""
        return ("、" if self.language == CHINESE else ", ").join(words)


@pass_context
def moment(context: Context, at: datetime | None, form: str = "%m-%d %H:%M") -> str:
    """Format a moment in the community's time zone (UTC without one); with the year unless it is the current one."""
    if at is None:
        return "—"
    zone: tzinfo = context.get("zone") or UTC
    local, today = at.astimezone(zone), context["now"].astimezone(zone)
    return local.strftime(form if local.year == today.year or "%Y" in form else f"%Y-{form}")


def yuan(fen: int) -> str:
    """Format an amount given in fen."""
    return f"¥{fen // 100}.{fen % 100:02d}"


class Templates:
    """Renderer of templates in every language."""

    def __init__(self, assets: Assets) -> None:
        self.words: Mapping[str, Words] = {language: Words(language) for language in LANGUAGES}
        self._environments = {language: _environment(words, assets) for language, words in self.words.items()}

    def render(self, language: str, template: str, context: Mapping[str, Any]) -> str:
        """Render a template in a language."""
        return self._environments[language].get_template(template).render(context)


def templates_of(request: Request) -> Templates:
    """Templates of the application that serves a request."""
    templates: Templates = request.app.state.templates
    return templates


def _environment(words: Words, assets: Assets) -> Environment:
    environment = Environment(
        loader=PackageLoader("adapters.rendering"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_translations(words.translations, newstyle=True)  # type: ignore[attr-defined]
    environment.globals |= {
        "asset": assets.address,
        "language": words.language,
        "language_tag": LANGUAGE_TAGS[words.language],
        "languages": LANGUAGES,
        "new_key": lambda: uuid7().hex,
    }
    environment.filters |= {
        "label": words.label,
        "thing": partial(thing, language=words.language),
        "moment": moment,
        "yuan": yuan,
        "many": partial(lambda words, found: words.many(list(found)), words),
    }
    return environment
