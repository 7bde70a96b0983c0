"""Marks texts for translation."""


def N_(text: str) -> str:
    """Mark a text for the translation catalogue where it is defined; it is translated where it is shown."""
    return text
