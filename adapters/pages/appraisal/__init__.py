"""Pages of findings, tallies and the what-if calculation."""
