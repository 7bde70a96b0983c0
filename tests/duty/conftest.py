"""The estate of the use cases, with words for duty."""

import pytest

from tests.desk.estate import Estate
from tests.desk.fixtures import estate, estate_template, postgres_settings, postgres_template, shared, shared_settings
from tests.duty.station import Station

__all__ = ["estate", "estate_template", "postgres_settings", "postgres_template", "shared", "shared_settings"]


@pytest.fixture
def station(estate: Estate) -> Station:
    """The desk of the estate's community."""
    return Station(estate)


@pytest.fixture
def shared_station(shared: Estate) -> Station:
    """The desk of the estate's community, on each store."""
    return Station(shared)
