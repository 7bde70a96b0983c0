"""HTTP operations on dwellings, residents and their data."""
