"""HTTP operations on dwellings, their people, disclosure and erasure."""
