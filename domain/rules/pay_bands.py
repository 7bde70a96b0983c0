"""The share of the month's performance pay (效益工资) that a month's total earns (D2 五.1, 五.4).

Totals are multiples of 0.5, so bands are given by their lowest and highest half and must follow each other half by half.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

HALF = Decimal("0.5")


def as_decimal(value: Any) -> Any:
    """An exact number: a decimal written as a text, or a whole number. Binary fractions and other spellings are refused."""
    if isinstance(value, Decimal):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    if not isinstance(value, str):
        raise ValueError('write the number as a text, such as "1.5"')
    whole, _, fraction = value.removeprefix("-").partition(".")
    digits = whole + fraction
    plain = digits.isascii() and digits.isdigit() and whole and not value.endswith(".") and len(digits) <= 12
    if not plain:
        raise ValueError('write a plain decimal of at most 12 digits, such as "1.5"')
    return Decimal(value)


def _halves(value: Decimal) -> Decimal:
    if value % HALF:
        raise ValueError("points are multiples of 0.5")
    return value


Exact = Annotated[Decimal, BeforeValidator(as_decimal)]
Total = Annotated[Exact, AfterValidator(_halves)]
"""Signed points in halves."""
HalfPoints = Annotated[Total, Field(ge=0)]
"""Points in halves, never negative."""
Share = Annotated[Exact, Field(ge=0, le=10)]
Words = Annotated[str, StringConstraints(min_length=1, max_length=400)]


class PayBand(BaseModel):
    """Totals from ``lowest`` to ``highest``, both included (``None``: without end), earn ``share``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    lowest: Total | None = Field(default=None, alias="from")
    highest: Total | None = Field(default=None, alias="to")
    share: Share
    text: Words


def misplaced(bands: Sequence[PayBand]) -> Iterator[tuple[int, str]]:
    """What is wrong with the order of bands, each with the number of the band: gaps, overlaps, open ends."""
    for number, band in enumerate(bands):
        first, last = number == 0, number == len(bands) - 1
        if (band.lowest is None) is not first:
            yield number, "the lowest band has no 'from'" if first else "only the lowest band, which stands first, has no 'from'"
        if (band.highest is None) is not last:
            yield number, "the highest band has no 'to'" if last else "only the highest band, which stands last, has no 'to'"
        if band.lowest is not None and band.highest is not None and band.lowest > band.highest:
            yield number, f"'from' {band.lowest} is above 'to' {band.highest}"
    for number, (below, band) in enumerate(pairwise(bands), start=1):
        if below.highest is None or band.lowest is None:
            continue
        follows = below.highest + HALF
        if band.lowest != follows:
            what = "gap" if band.lowest > follows else "overlap"
            yield number, f"{what}: after a band to {below.highest} the next one is from {follows}, not from {band.lowest}"


def pay_share(bands: Sequence[PayBand], total: Decimal) -> Decimal:
    """The share that a month's total earns. Bands follow each other, so the first that reaches up to the total is its own."""
    return next(band.share for band in bands if band.highest is None or total <= band.highest)
