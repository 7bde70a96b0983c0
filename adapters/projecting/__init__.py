"""Running projections: their tables, the folding of the log into them, and what reads them."""
