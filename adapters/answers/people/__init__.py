"""Documents of communities, staff and tokens."""
