"""Tokens, passwords, sessions and the access log, as rows."""
