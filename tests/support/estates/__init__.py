"""Small estates to test against, and the fixtures that make them."""
