"""Codes named by texts: of addresses and forms, which callers choose, and of refusals.

Python 3.11 raises TypeError for ``"text" in Enum`` where later versions answer.
"""

from enum import StrEnum
from typing import TypeVar

C = TypeVar("C", bound=StrEnum)


def member(vocabulary: type[C], text: str) -> C | None:
    """Find the code of a vocabulary that a text names; None where it names none."""
    try:
        return vocabulary(text)
    except ValueError:
        return None
