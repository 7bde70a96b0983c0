"""Answers: documents of all that a caller may read, one folder a capability. API, pages and command line show them."""
