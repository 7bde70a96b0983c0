"""The appraisal (考评): figures, warnings, probations, evaluations, and the month's close (D2)."""
