"""Rules about a person (回避): people who must not act on a case although a right entitles them, such as those who did the work.

Each rule is one row. Decisions refuse by it, lists of legal triggers leave out what it forbids, and explanations name it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from domain.kernel.errors import NotAllowed

C = TypeVar("C")
T = TypeVar("T", bound=str)


@dataclass(frozen=True, slots=True)
class PersonRule(Generic[C, T]):
    """A rule's code, its clause, who may or may not act, and the people it keeps from which triggers of a case.

    ``triggers`` None means every trigger. ``concerns`` decides whether the rule applies to a case, a trigger and a login.
    """

    code: str
    clause: str
    detail: str
    triggers: frozenset[T] | None
    concerns: Callable[[C, T, str], bool]

    def forbids(self, case: C, trigger: T, login: str) -> bool:
        """Whether a person must not take a trigger on a case."""
        return (self.triggers is None or trigger in self.triggers) and self.concerns(case, trigger, login)

    def refusal(self, command: str, roles: Iterable[str], allowed_to: Iterable[str]) -> NotAllowed:
        """The refusal that names the rule.

        ``roles`` are the person's; ``allowed_to`` lists who may, or what they may do instead.
        """
        return NotAllowed(command, sorted(roles), tuple(allowed_to), self.detail, self.code, self.clause)


def conflict(rules: Iterable[PersonRule[C, T]], case: C, trigger: T, login: str) -> PersonRule[C, T] | None:
    """The first rule that keeps a person from a trigger on a case; None if none does."""
    return next((rule for rule in rules if rule.forbids(case, trigger, login)), None)
