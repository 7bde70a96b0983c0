"""Rules about a person (回避): who must not act on a case although a right entitles them, such as who did the work.

One row a rule. Deciding refuses by the row, lists of what is legal leave out what it forbids, and explanations name it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from domain.kernel.errors import NotAllowed

C = TypeVar("C")
T = TypeVar("T", bound=str)


@dataclass(frozen=True, slots=True)
class PersonRule(Generic[C, T]):
    """A rule's code, the clause it stands in, what satisfies it, and whom it keeps from which triggers of a case.

    ``triggers`` None stands for every trigger; ``concerns`` tells of a case, a trigger and a login whether the rule applies.
    """

    code: str
    clause: str
    detail: str
    triggers: frozenset[T] | None
    concerns: Callable[[C, T, str], bool]

    def forbids(self, case: C, trigger: T, login: str) -> bool:
        """Whether somebody must not take a trigger on a case."""
        return (self.triggers is None or trigger in self.triggers) and self.concerns(case, trigger, login)

    def refusal(self, command: str, who: Iterable[str], allowed_to: Iterable[str]) -> NotAllowed:
        """The refusal that names the rule: ``who`` are roles or a login, ``allowed_to`` who may, or what they may instead."""
        return NotAllowed(command, sorted(who), tuple(allowed_to), self.detail, self.code, self.clause)


def conflict(rules: Iterable[PersonRule[C, T]], case: C, trigger: T, login: str) -> PersonRule[C, T] | None:
    """The first rule that keeps somebody from a trigger on a case, or None."""
    return next((rule for rule in rules if rule.forbids(case, trigger, login)), None)
