"""The authenticated caller of a request."""

from dataclasses import dataclass

from domain.people.directory import Directory


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated person, with the directory as new as the registry was at authentication."""

    login: str
    directory: Directory
    registry_version: int
