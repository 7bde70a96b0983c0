"""Which rule book (考评细则版本) is in force when: the one shipped or the company's, until a community publishes its own.

A book counts from the first day of a month on; what is charged in a later month for an earlier one goes by the earlier month's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from domain.kernel.periods import Month
from domain.rules.scorecard import RuleBook


class Law(Protocol):
    """The rule book of each month; a single book is the law of every month."""

    def of(self, month: Month) -> RuleBook:
        """The book in force in a month."""
        ...


@dataclass(frozen=True)
class RuleBooks:
    """``first`` is in force until the first of ``published``, each from its month on."""

    first: RuleBook
    published: Mapping[Month, RuleBook]

    def of(self, month: Month) -> RuleBook:
        """The book in force in a month: the latest whose month has come."""
        begun = [start for start in self.published if start <= month]
        return self.published[max(begun)] if begun else self.first
