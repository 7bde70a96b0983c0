"""How many examples a property draws where its profile's number is too many."""

from hypothesis import settings

FEWEST = 3


def one_in(part: int) -> settings:
    """A share of the profile's examples: for what is asked of many classes in turn, or where one example is a long walk."""
    return settings(max_examples=max(settings.default.max_examples // part, FEWEST))
