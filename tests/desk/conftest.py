"""The estate of the use cases."""

from tests.desk.fixtures import estate, estate_template

__all__ = ["estate", "estate_template"]
