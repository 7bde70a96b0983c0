"""The rule book (考评细则版本) in force in each month: the one shipped, or the company's, until a community publishes its own.

A published book applies from the first day of a month. A finding is charged by the book of the month of its date, however late.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from domain.kernel.periods import Month
from domain.rules.scorecard import RuleBook


class Law(Protocol):
    """Gives the rule book of each month. A single RuleBook qualifies: it applies to every month."""

    def of(self, month: Month) -> RuleBook:
        """The book in force in a month."""
        ...


@dataclass(frozen=True)
class RuleBooks:
    """A community's rule books: ``first`` applies before all of ``published``, each of which applies from its month on."""

    first: RuleBook
    published: Mapping[Month, RuleBook]

    def of(self, month: Month) -> RuleBook:
        """The latest book whose first month is not after ``month``."""
        begun = [start for start in self.published if start <= month]
        return self.published[max(begun)] if begun else self.first
