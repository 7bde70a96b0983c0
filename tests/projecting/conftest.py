"""Estates for the read models, on every store."""

from tests.support.estates.view_fixtures import estate, keys, new_estate, urls

__all__ = ["estate", "keys", "new_estate", "urls"]
