"""Communities, staff and posts, and the authority table."""
