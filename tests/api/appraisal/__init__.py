"""HTTP operations on findings, tallies and the close."""
