"""Estates for the books: those of the read models, and the API's."""

from tests.api.conftest import api, estate, live, template
from tests.support.estates.view_fixtures import keys, new_estate, urls

__all__ = ["api", "estate", "keys", "live", "new_estate", "template", "urls"]
