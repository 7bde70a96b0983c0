"""Look-ups without clear text: a token reveals nothing without its key, and equal texts give equal tokens."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.store.keys.blind_tokens import BlindTokens, bigrams
from domain.kernel.privacy import normal_phone

TOKENS = BlindTokens(b"k" * 32)
OTHER = BlindTokens(b"j" * 32)
MOBILE = st.from_regex(r"\A1[3-9][0-9]{9}\Z")
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@given(
    MOBILE,
    st.sampled_from(["", "+86", "86", "0086", "+86 ", "＋８６－", "(+86) ", "00 86 "]),
    st.sampled_from(["", " ", "-", "－"]),
)
def test_a_mobile_number_has_one_token_however_it_is_written(number: str, country: str, gap: str) -> None:
    written = country + gap.join([number[:3], number[3:7], number[7:]])
    wide = "".join(chr(ord(c) + 0xFEE0) if c.isascii() and c.isdigit() else c for c in written)
    assert TOKENS.phone_token(written) == TOKENS.phone_token(number) == TOKENS.phone_token(wide)


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("0755-8888 8888", "75588888888"),
        ("+86 755 88888888", "75588888888"),
        ("+86 (0)755 88888888", "75588888888"),
        ("86123456", "86123456"),  # a local number that begins with 86 keeps it
        ("8612 3456", "86123456"),
        ("", ""),
        ("n/a", ""),
    ],
)
def test_normal_phone(written: str, normal: str) -> None:
    assert normal_phone(written) == normal


@given(MOBILE, MOBILE)
def test_two_numbers_have_two_tokens(one: str, other: str) -> None:
    assert (TOKENS.phone_token(one) == TOKENS.phone_token(other)) == (one == other)


@given(TEXT)
def test_tokens_are_keyed_and_sixteen_bytes(text: str) -> None:
    tokens = TOKENS.text_tokens(text)
    assert all(len(token) == 16 for token in tokens)
    assert not tokens & OTHER.text_tokens(text)
    assert len(tokens) == len(bigrams(text))


@given(TEXT, TEXT, TEXT)
def test_every_part_of_two_characters_is_found(before: str, part: str, after: str) -> None:
    whole, sought = before + part + after, part
    if len(unicodedata.normalize("NFKC", sought)) >= 2 and unicodedata.is_normalized("NFKC", whole.casefold()):
        assert TOKENS.text_tokens(sought) <= TOKENS.text_tokens(whole) or len(bigrams(sought)) < 2


def test_text_is_folded() -> None:
    assert TOKENS.text_tokens("ＡＢ 漏水") == TOKENS.text_tokens("ab漏\n水")
    assert bigrams("漏水了") == {"漏水", "水了"}
    assert bigrams(" 漏 ") == {"漏"}
    assert bigrams("") == set()
    assert TOKENS.phone_token("12") not in TOKENS.text_tokens("12")
