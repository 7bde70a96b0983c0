"""The estate of the use cases, with words for duty."""

import pytest

from tests.support.estates.desk_estate import Estate
from tests.support.estates.desk_fixtures import (
    estate,
    estate_template,
    postgres_settings,
    postgres_template,
    shared,
    shared_settings,
)
from tests.support.estates.station import Station

__all__ = ["estate", "estate_template", "postgres_settings", "postgres_template", "shared", "shared_settings"]


@pytest.fixture
def station(estate: Estate) -> Station:
    """The desk of the estate's community."""
    return Station(estate)


@pytest.fixture
def shared_station(shared: Estate) -> Station:
    """The desk of the estate's community, on each store."""
    return Station(shared)
