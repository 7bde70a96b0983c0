"""Answers: what a caller may read, as documents, one folder a capability; API, pages and terminal show them."""
