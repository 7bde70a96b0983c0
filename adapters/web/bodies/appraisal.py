"""The bodies of the appraisal that are no commands of the domain."""

from domain.appraisal.month_close import Hash
from domain.kernel.values import Value


class Close(Value):
    """月结; ``hash`` is that of the tally seen, where the caller says so."""

    hash: Hash | None = None
