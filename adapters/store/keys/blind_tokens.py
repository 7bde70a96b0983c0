"""Blind tokens: search for a personal text without storing it in the clear (domain §6).

A token is HMAC-SHA256 under the blind-token key, cut to 16 bytes. Equal texts give equal tokens, so rows can be found by them.
A plain hash would not do: there are few telephone numbers, and hashing each of them would reveal which one a row holds;
without the key that attack fails. The view that holds a subject's token rows deletes them when the subject is erased.
"""

import hmac
from functools import lru_cache

from domain.kernel.privacy import normal_phone, normal_text

TOKEN_BYTES = 16

KEPT = 20_000
"""Tokens of pairs of characters that are remembered (about 200 bytes each): most texts are made of the same few thousand."""


class BlindTokens:
    """Tokens of telephone numbers, of texts by their bigrams and of whole texts; a token of one kind never equals another's."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._gram_token = lru_cache(KEPT)(lambda gram: self._token(b"text\0", gram))

    def phone_token(self, phone: str) -> bytes:
        """Token of a telephone number in any spelling: +86 138 1234 5678 and １３８-1234-5678 give one token."""
        return self._token(b"phone\0", normal_phone(phone))

    def text_tokens(self, text: str) -> set[bytes]:
        """Tokens of a text's character bigrams (of the single character of a text of one); empty for an empty text."""
        return set(map(self._gram_token, bigrams(text)))

    def whole_token(self, text: str) -> bytes:
        """Token of a text as a whole, such as the number of a dwelling."""
        return self._token(b"whole\0", normal_text(text))

    def _token(self, kind: bytes, text: str) -> bytes:
        return hmac.digest(self._key, kind + text.encode(errors="surrogatepass"), "sha256")[:TOKEN_BYTES]


def bigrams(text: str) -> set[str]:
    """Pairs of neighbouring characters, after NFKC, case folding and removal of white space.

    Bigrams, since Chinese has no spaces between words: every search word of two characters is one of them.
    """
    folded = normal_text(text)
    if len(folded) == 1:
        return {folded}
    return {folded[i : i + 2] for i in range(len(folded) - 1)}
