"""A module's code run once more: what a module computes on import is then computed by the functions that a mutant changed.

mutmut imports every module before it chooses a mutant, so a table made on import never differs from the original.
"""

from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType


def executed_anew(module: ModuleType) -> ModuleType:
    """A second module of this code and name; the first remains the one that others import."""
    assert module.__file__ is not None
    spec = spec_from_file_location(module.__name__, module.__file__)
    assert spec is not None
    assert spec.loader is not None
    anew = module_from_spec(spec)
    spec.loader.exec_module(anew)
    return anew
