"""Exporting: books, reports, attendance and appraisal as Excel workbooks, duty as a calendar feed."""
