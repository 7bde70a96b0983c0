"""Personal data (个人信息) as values: clear inside a command, sealed in every event (D2 duty 21).

Name, phone, dwelling-level address and every free text or picture that came from or is about a resident belong to a *data
subject*. A decision yields :class:`Personal` values; the sealer turns them into :class:`Sealed` ones before anything is
encoded. Encoding a ``Personal`` is an error, so clear text can't reach a disk by mistake.
"""

import re
import unicodedata
from abc import ABC
from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema


class Private(ABC):
    """A personal text, clear or sealed."""

    subject: UUID

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            _from_stored, serialization=core_schema.plain_serializer_function_ser_schema(to_stored)
        )


@dataclass(frozen=True, slots=True)
class Personal(Private):
    """A personal text in the clear; lives only between a command and its sealing, or on its way to an entitled reader."""

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


def to_stored(value: Private) -> dict[str, str | int]:
    """The stored form of a sealed text: codes and base64; raises ValueError for a clear one."""
    if not isinstance(value, Sealed):
        raise ValueError("personal data must be sealed before it is encoded")
    return {
        "subject": str(value.subject),
        "key_version": value.key_version,
        "nonce": b64encode(value.nonce).decode(),
        "ciphertext": b64encode(value.ciphertext).decode(),
    }


def _from_stored(value: Any) -> Private:
    """A sealed text from its stored form; raises ValueError for anything else."""
    if isinstance(value, Private):
        return value
    match value:
        case {"subject": str(subject), "key_version": int(version), "nonce": str(nonce), "ciphertext": str(text), **more}:
            if not more:
                return Sealed(UUID(subject), version, b64decode(nonce, validate=True), b64decode(text, validate=True))
    raise ValueError("not a sealed text")


def mask_name(name: str) -> str:
    """王小明 → 王**; the first character stays."""
    return name[:1] + "**" if name else ""


def mask_phone(phone: str) -> str:
    """13812345678 → 138****5678; anything shorter than 8 characters is hidden whole."""
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 8 else "****"


def normal_phone(phone: str) -> str:
    """Digits only, full-width ones folded (NFKC), without China's country code (+86, 0086, or 86 before a full number) and
    without the trunk prefix 0, so that 0755-8888 8888 and +86 755 8888 8888 are the same."""
    folded = unicodedata.normalize("NFKC", phone)
    if prefix := _PLUS_COUNTRY.match(folded):
        return _digits(folded[prefix.end() :]).lstrip("0")
    return _COUNTRY.sub("", _digits(folded).lstrip("0")).lstrip("0")


def _digits(text: str) -> str:
    return "".join(str(unicodedata.digit(character)) for character in text if character.isdigit())


def normal_text(text: str) -> str:
    """After NFKC, case folding and dropping white space: what two texts have in common that are taken for the same."""
    return "".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).split())


_COUNTRY = re.compile(r"^86(?=[1-9]\d{8,11}$|0\d{9,12}$)")
_PLUS_COUNTRY = re.compile(r"^[^\d+]*\+[^\d]*86")
MASKED = "***"
ERASED = "erased"


@dataclass(frozen=True, slots=True)
class Text:
    """A personal text together with the version of the event that sealed it and the field it stands in."""

    value: Private
    version: int
    name: str
