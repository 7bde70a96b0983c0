"""Caller of a request."""

from dataclasses import dataclass

from domain.people.directory import Directory


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated person, and the directory as of the registry version read at authentication."""

    login: str
    directory: Directory
    registry_version: int
