"""Values that commands consist of: texts without control characters, codes, names, moments."""

import re
import unicodedata
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, StringConstraints

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


_DIRECTION = re.compile(r"[\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def _clean(text: str) -> str:
    """Refuse control characters; strip surrounding white space."""
    if _CONTROL.search(text):
        raise ValueError("control characters are not allowed")
    stripped = text.strip()
    if not stripped:
        raise ValueError("must not be empty")
    return stripped


def _undirected(text: str) -> str:
    """Refuse invisible direction marks in names: they could make one name look like another."""
    if _DIRECTION.search(text):
        raise ValueError("direction marks are not allowed here")
    return text


FreeText = Annotated[str, StringConstraints(max_length=4000), AfterValidator(_clean)]
"""What somebody tells or decides, in several lines; about two written pages, more than any box of the paper forms holds."""


ShortText = Annotated[str, StringConstraints(max_length=120), AfterValidator(_clean), AfterValidator(_undirected)]
"""A text of one line, such as a public place or a part; it must fit a row of a list."""


Name = Annotated[str, StringConstraints(max_length=60), AfterValidator(_clean), AfterValidator(_undirected)]
"""A person's name as they give it; long enough for names in Latin letters."""


def _one_line(text: str) -> str:
    """Refuse every control character, line breaks and tabs too."""
    if any(unicodedata.category(letter) in ("Cc", "Zl", "Zp") for letter in text):
        raise ValueError("control characters are not allowed")
    return text


PoliceReference = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=2, max_length=80),
    AfterValidator(_one_line),
    AfterValidator(_undirected),
]
"""The police's reference as they write it, in any script and punctuation, such as ``京公（刑）案字〔2026〕118号``."""


Phone = Annotated[str, StringConstraints(pattern=r"^\+?[0-9][0-9 \-]{3,24}$")]
"""A phone number as it is dialled: digits, spaces and hyphens, perhaps after a plus sign; extensions of four digits too."""


def _in_reach(moment: datetime) -> datetime:
    """Refuse moments so far away that adding to them could leave the calendar."""
    if not 1970 <= moment.year < 2200:
        raise ValueError("lies outside the years 1970 to 2199")
    return moment


Moment = Annotated[AwareDatetime, AfterValidator(_in_reach)]
"""An ISO 8601 moment with its offset from UTC."""


Code = Annotated[str, StringConstraints(pattern=r"^[\w.\-]{1,40}$")]
"""A code that the company chooses, such as a community's or an area's: letters (Chinese too), digits, and ``_ . -``."""


Login = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9._\-]{0,39}$")]
"""A login: lower case only, so that two people's logins never differ by case alone."""


TicketRef = Annotated[str, StringConstraints(pattern=r"^[\w\-]{1,80}$")]
"""A ticket by its id or one of its numbers, such as ``GD-JX-20260301-0001``; long enough for the longest community's code."""


MonthCode = Annotated[str, StringConstraints(pattern=r"^(19[7-9]\d|20\d\d|21\d\d)-(0[1-9]|1[0-2])$")]
"""A calendar month as text, ``YYYY-MM``."""


class Value(BaseModel):
    """Base of input values: frozen; unknown fields are refused by name."""

    model_config = ConfigDict(extra="forbid", frozen=True)
