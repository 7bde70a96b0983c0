"""HTTP operations on findings, tallies, rule books and what is reported for the appraisal."""
