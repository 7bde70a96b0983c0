"""Terminal commands on findings and tallies."""
