"""Everything that touches the outside: stores, web, terminal, files, clock; assembled in `composition`."""
