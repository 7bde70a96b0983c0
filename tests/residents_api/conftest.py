"""The API over the estate, its projections moving."""

from tests.api.conftest import api, estate, live, template

__all__ = ["api", "estate", "live", "template"]
