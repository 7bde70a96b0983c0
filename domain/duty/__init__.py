"""Duty at the desk (值班): rosters, shifts, handover sheets (D1 4.1, D5)."""
