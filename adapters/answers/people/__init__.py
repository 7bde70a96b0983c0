"""Documents of communities, staff, tokens, sessions and the access log."""
