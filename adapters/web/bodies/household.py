"""The bodies of the household register that are no commands of the domain."""

from domain.kernel.values import Code, Phone, Value


class LookUp(Value):
    """A telephone number, in the body and not in the address, which others may log."""

    community: Code
    phone: Phone
