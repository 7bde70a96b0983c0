"""Documents of dwellings and their people."""
