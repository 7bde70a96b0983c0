"""HTTP operations on communities, staff, tokens and sessions."""
