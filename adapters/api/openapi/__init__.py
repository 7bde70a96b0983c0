"""OpenAPI description: derived from the routes, with examples and the problems of each operation."""
