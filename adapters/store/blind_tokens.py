"""Blind tokens: what is looked up without being stored in the clear (domain §6).

A token is HMAC-SHA256 under the blind-token key, cut to 16 bytes. Equal texts give equal tokens, so rows can be found by them;
without the key nothing can be guessed, not even by trying every telephone number. Deleting a subject's token rows is the
business of the view that holds them.
"""

import hmac
import re
import unicodedata

TOKEN_BYTES = 16
_COUNTRY = re.compile(r"^86(?=[1-9]\d{8,11}$|0\d{9,12}$)")
_PLUS_COUNTRY = re.compile(r"^[^\d+]*\+[^\d]*86")


class BlindTokens:
    """Tokens of telephone numbers and of texts; the two never meet."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def phone_token(self, phone: str) -> bytes:
        """Token of a telephone number, however it was written: +86 138 1234 5678 and １３８-1234-5678 are the same."""
        return self._token(b"phone\0", normal_phone(phone))

    def text_tokens(self, text: str) -> set[bytes]:
        """Tokens of a text's character bigrams (of the character itself where there is just one); empty for an empty text."""
        return {self._token(b"text\0", gram) for gram in bigrams(text)}

    def _token(self, kind: bytes, text: str) -> bytes:
        return hmac.digest(self._key, kind + text.encode(errors="surrogatepass"), "sha256")[:TOKEN_BYTES]


def normal_phone(phone: str) -> str:
    """Digits only, full-width ones folded (NFKC), without China's country code (+86, 0086, or 86 before a full number) and
    without the trunk prefix 0, so that 0755-8888 8888 and +86 755 8888 8888 are the same."""
    folded = unicodedata.normalize("NFKC", phone)
    if prefix := _PLUS_COUNTRY.match(folded):
        return _digits(folded[prefix.end() :]).lstrip("0")
    return _COUNTRY.sub("", _digits(folded).lstrip("0")).lstrip("0")


def _digits(text: str) -> str:
    return "".join(str(unicodedata.digit(character)) for character in text if character.isdigit())


def bigrams(text: str) -> set[str]:
    """Pairs of neighbouring characters after NFKC, case folding and dropping white space."""
    folded = "".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).split())
    if len(folded) == 1:
        return {folded}
    return {folded[i : i + 2] for i in range(len(folded) - 1)}
