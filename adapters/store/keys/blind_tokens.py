"""Blind tokens: what is looked up without being stored in the clear (domain §6).

A token is HMAC-SHA256 under the blind-token key, cut to 16 bytes. Equal texts give equal tokens, so rows can be found by them;
without the key nothing can be guessed, not even by trying every telephone number. Deleting a subject's token rows is the
business of the view that holds them.
"""

import hmac

from domain.kernel.privacy import normal_phone, normal_text

TOKEN_BYTES = 16


class BlindTokens:
    """Tokens of telephone numbers, of texts by their parts and of texts as a whole; the three never meet."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def phone_token(self, phone: str) -> bytes:
        """Token of a telephone number, however it was written: +86 138 1234 5678 and １３８-1234-5678 are the same."""
        return self._token(b"phone\0", normal_phone(phone))

    def text_tokens(self, text: str) -> set[bytes]:
        """Tokens of a text's character bigrams (of the character itself where there is just one); empty for an empty text."""
        return {self._token(b"text\0", gram) for gram in bigrams(text)}

    def whole_token(self, text: str) -> bytes:
        """Token of a text as a whole, such as the number of a dwelling."""
        return self._token(b"whole\0", normal_text(text))

    def _token(self, kind: bytes, text: str) -> bytes:
        return hmac.digest(self._key, kind + text.encode(errors="surrogatepass"), "sha256")[:TOKEN_BYTES]


def bigrams(text: str) -> set[str]:
    """Pairs of neighbouring characters after NFKC, case folding and dropping white space."""
    folded = normal_text(text)
    if len(folded) == 1:
        return {folded}
    return {folded[i : i + 2] for i in range(len(folded) - 1)}
