"""Templates and languages: one Jinja2 environment a language, its catalogue compiled in memory at start.

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
"""The languages, each in its own name; the first is what is shown unasked."""
LANGUAGE_TAGS = {CHINESE: "zh-CN", ENGLISH: "en"}


def translations(language: str) -> NullTranslations:
    """A language's texts; Chinese stands in the sources themselves."""
    if language == CHINESE:
        return NullTranslations()
    text = (files("adapters.rendering") / "catalogues" / f"{language}.po").read_bytes()
    compiled = BytesIO()
    write_mo(compiled, read_po(BytesIO(text), locale=language))
    compiled.seek(0)
    return Translations(compiled)


class Words:
    """What is said in one language, for the code of the pages; templates say it by ``_``."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.translations = translations(language)

    def say(self, text: str, **named: object) -> str:
        """A text in this language, its ``{names}`` filled in."""
        said: str = self.translations.gettext(text)
        return said.format(**named) if named else said

    def label(self, code: StrEnum) -> str:
        """A code in words."""
        return label(code, self.language)

    def many(self, words: list[str]) -> str:
        """A list of words."""
        return ("、" if self.language == CHINESE else ", ").join(words)


@pass_context
def moment(context: Context, at: datetime | None, form: str = "%m-%d %H:%M") -> str:
    """A moment by the community's clock; the year where it is not this one."""
    if at is None:
        return "—"
    zone: tzinfo = context.get("zone") or UTC
    local, today = at.astimezone(zone), context["now"].astimezone(zone)
    return local.strftime(form if local.year == today.year or "%Y" in form else f"%Y-{form}")


def yuan(fen: int) -> str:
    """An amount of money."""
    return f"¥{fen // 100}.{fen % 100:02d}"


class Templates:
    """Renders pages in every language."""

    def __init__(self, assets: Assets) -> None:
        self.words: Mapping[str, Words] = {language: Words(language) for language in LANGUAGES}
        self._environments = {language: _environment(words, assets) for language, words in self.words.items()}

    def render(self, language: str, template: str, context: Mapping[str, Any]) -> str:
        """A page as text."""
        return self._environments[language].get_template(template).render(context)


def templates_of(request: Request) -> Templates:
    """The templates of a request's application."""
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
