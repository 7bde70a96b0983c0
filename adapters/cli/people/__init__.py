"""Terminal commands on communities, staff and tokens."""
