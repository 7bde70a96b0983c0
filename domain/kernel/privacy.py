"""Personal data (个人信息) as values: clear inside a command, sealed in every event (D2 duty 21).

Name, phone, dwelling-level address, and every free text or picture from or about a resident belong to a *data subject*. Decisions
produce :class:`Personal` values; the sealer turns them into :class:`Sealed` ones before encoding. Encoding a ``Personal`` is an
error, so clear text cannot reach a disk by mistake.
"""

import re
import unicodedata
from abc import ABC
from dataclasses import dataclass
from uuid import UUID


class Private(ABC):
    """A personal text, clear or sealed."""

    subject: UUID


@dataclass(frozen=True, slots=True)
class Personal(Private):
    """A personal text in the clear. It exists only between a command and its sealing, or on its way to an entitled reader."""

    subject: UUID
    text: str

    def __repr__(self) -> str:
        return f"Personal(subject={self.subject}, text=<{len(self.text)} characters>)"


@dataclass(frozen=True, slots=True)
class Sealed(Private):
    """A personal text sealed under its subject's key: AES-256-GCM, 12-byte nonce, tag at the end of the ciphertext."""

    subject: UUID
    key_version: int
    nonce: bytes
    ciphertext: bytes


def mask_name(name: str) -> str:
    """Mask a name: 王小明 → 王**; the first character stays."""
    return name[:1] + "**" if name else ""


def mask_phone(phone: str) -> str:
    """Mask a phone number: 13812345678 → 138****5678; shorter than 8 characters it is hidden whole."""
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 8 else "****"


def normal_phone(phone: str) -> str:
    """Normalise a phone number for comparison: its digits, without country code and trunk prefix.

    Full-width digits are folded (NFKC). China's country code is dropped (+86, 0086, or 86 before a full number), and so is the
    trunk prefix 0: 0755-8888 8888 equals +86 755 8888 8888.
    """
    folded = unicodedata.normalize("NFKC", phone)
    if prefix := _PLUS_COUNTRY.match(folded):
        return _digits(folded[prefix.end() :]).lstrip("0")
    return _COUNTRY.sub("", _digits(folded).lstrip("0")).lstrip("0")


def _digits(text: str) -> str:
    return "".join(str(unicodedata.digit(character)) for character in text if character.isdigit())


def normal_text(text: str) -> str:
    """Normalise a text for comparison: NFKC, case folding, no white space."""
    return "".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).split())


_COUNTRY = re.compile(r"^86(?=[1-9]\d{8,11}$|0\d{9,12}$)")
_PLUS_COUNTRY = re.compile(r"^[^\d+]*\+[^\d]*86")
MASKED = "***"
ERASED = "erased"


@dataclass(frozen=True, slots=True)
class Text:
    """A personal text with the version and field of the event that sealed it, which are needed to open it."""

    value: Private
    version: int
    name: str
