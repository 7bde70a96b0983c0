"""Document of a community's rule books."""

from adapters.answers.documents import Answer


class PublishedRuleBook(Answer):
    """A rule book that the community published, and the month from which it is in force."""

    from_month: str
    version: str
    text: str


class RuleBooksAnswer(Answer):
    """A community's rule books. ``version`` is in force this month; ``first`` was until the first published one took over."""

    community: str
    version: str
    first: str
    published: list[PublishedRuleBook]
