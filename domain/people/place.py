"""Where something is: public facility or dwelling, area, building, entrance."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Location:
    """Where, as far as it is no personal data: area, building and entrance (单元), or an area and a public place.

    The dwelling (户) itself is personal data and stands beside it, sealed.
    """

    area: str | None = None
    building: str | None = None
    entrance: str | None = None
    public_place: str | None = None
