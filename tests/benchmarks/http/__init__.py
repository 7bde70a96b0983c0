"""Load over HTTP: servers in processes of their own, and a client lean enough not to be what is measured."""
