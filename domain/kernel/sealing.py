"""The personal fields (个人信息) of an event, and copies of the event with them sealed.

Every personal text is a top-level field of its event, so that the seal can be bound to stream, version and field.
"""

from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from typing import TypeVar, get_args, get_type_hints

from domain.kernel.aggregate import Folded
from domain.kernel.privacy import Private, Sealed

E = TypeVar("E", bound=Folded.Event)


@cache
def _private_fields(event: type[Folded.Event]) -> tuple[str, ...]:
    hints = get_type_hints(event)
    return tuple(f.name for f in fields(event) if hints[f.name] is Private or Private in get_args(hints[f.name]))


def seal_fields(event: Folded.Event) -> list[tuple[str, Private]]:
    """An event's personal texts by field name, clear or sealed, in the order of the fields."""
    texts = ((name, getattr(event, name)) for name in _private_fields(type(event)))
    return [(name, text) for name, text in texts if text is not None]


def with_sealed(event: E, sealed: Mapping[str, Private]) -> E:
    """Copy an event with personal fields replaced by sealed ones.

    Raises TypeError for a field that is not personal, or a value that is not sealed.
    """
    wrong = [name for name in sealed if name not in _private_fields(type(event))]
    clear = [name for name, text in sealed.items() if not isinstance(text, Sealed)]
    if wrong or clear:
        raise TypeError(f"{type(event).__name__}: no personal field: {wrong}; not sealed: {clear}")
    copy = object.__new__(type(event))
    copy.__dict__.update(event.__dict__)
    copy.__dict__.update(sealed)
    return copy
