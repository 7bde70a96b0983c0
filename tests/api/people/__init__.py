"""HTTP operations on communities and staff."""
