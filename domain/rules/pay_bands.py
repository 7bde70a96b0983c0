"""The share of the month's performance pay (效益工资) for a month's total (D2 五.1, 五.4).

Totals are multiples of 0.5. Bands name their lowest and highest total, and each begins one half above the band before it.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

HALF = Decimal("0.5")


def as_decimal(value: Any) -> Any:
    """Convert a whole number, or a decimal written as a text, to an exact Decimal. Raises ValueError for anything else."""
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
    """The pay share of the totals from ``lowest`` to ``highest``, both included; ``None`` leaves that end open."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    lowest: Total | None = Field(default=None, alias="from")
    highest: Total | None = Field(default=None, alias="to")
    share: Share
    text: Words


def misplaced(bands: Sequence[PayBand]) -> Iterator[tuple[int, str]]:
    """Find gaps, overlaps and wrongly open ends among bands, each with the number of its band."""
    for number, band in enumerate(bands):
        first, last = number == 0, number == len(bands) - 1
        if (band.lowest is None) is not first:
            yield number, "the lowest band has no 'from'" if first else "only the lowest band, which comes first, has no 'from'"
        if (band.highest is None) is not last:
            yield number, "the highest band has no 'to'" if last else "only the highest band, which comes last, has no 'to'"
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
    """The pay share for a month's total. Bands leave no gaps, so the first one whose upper end reaches the total applies."""
    return next(band.share for band in bands if band.highest is None or total <= band.highest)
