"""HTTP operations on shifts, rosters and workdays."""
