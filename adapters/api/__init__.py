"""The HTTP interface."""

PREFIX = "/api/v1"
"""Below which every resource stands; health and measures stand at the root."""
