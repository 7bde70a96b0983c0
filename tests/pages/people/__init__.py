"""Pages of communities and staff."""
