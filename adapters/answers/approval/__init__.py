"""Documents and lists of approvals."""
