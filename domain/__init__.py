"""The rules of the estate and its use cases; knows no web framework, database, clock or file."""
