"""Documents of findings, tallies and what is reported for the appraisal, and the query for tallies."""
