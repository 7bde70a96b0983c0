"""Exporting: books, reports, attendance and tallies as Excel workbooks, duty as a calendar feed."""
