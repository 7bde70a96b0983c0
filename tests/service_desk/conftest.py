"""The estate of the use cases."""

from tests.support.estates.desk_fixtures import (
    estate,
    estate_template,
    postgres_settings,
    postgres_template,
    shared,
    shared_settings,
)

__all__ = ["estate", "estate_template", "postgres_settings", "postgres_template", "shared", "shared_settings"]
