"""The rule books of a community as documents."""

from adapters.answers.documents import Answer


class PublishedRuleBook(Answer):
    """A community's own book, and the month from which it counts."""

    from_month: str
    version: str
    text: str


class RuleBooksAnswer(Answer):
    """``version`` is in force this month; ``first`` until the first of those published."""

    community: str
    version: str
    first: str
    published: list[PublishedRuleBook]
