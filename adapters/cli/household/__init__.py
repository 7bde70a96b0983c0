"""Terminal commands on dwellings and their people."""
