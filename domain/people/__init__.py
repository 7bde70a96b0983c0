"""Communities, staff and posts, and the one table of who may do what."""
