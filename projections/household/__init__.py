"""The read model of households: who belonged to a dwelling when, and what was reported there."""
