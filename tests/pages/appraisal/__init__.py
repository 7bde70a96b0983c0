"""Pages of findings, tallies and the close."""
