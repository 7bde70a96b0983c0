"""Request bodies of the household register that are not commands of the domain."""

from domain.kernel.values import Code, Phone, Value


class LookUp(Value):
    """A telephone number to look up. It is in the body because servers and proxies log addresses."""

    community: Code
    phone: Phone
