"""Marks texts for translation."""


def N_(text: str) -> str:
    """Marks a text for the catalogue that is said later."""
    return text
