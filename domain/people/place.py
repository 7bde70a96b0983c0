"""Locations."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Location:
    """A location without personal data: area, building and entrance (单元), or an area and a public place.

    The dwelling (户) is personal data; events keep it in a sealed field of its own.
    """

    area: str | None = None
    building: str | None = None
    entrance: str | None = None
    public_place: str | None = None
