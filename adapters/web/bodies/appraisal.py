"""Request bodies of the appraisal that are not commands of the domain."""

from domain.appraisal.month_close import Hash
from domain.kernel.values import Value


class Close(Value):
    """A month's close (月结). With ``hash``, of the tally that the caller saw, a tally that has changed since is refused."""

    hash: Hash | None = None
