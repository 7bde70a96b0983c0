"""Read models of the appraisal: findings, reported facts, and what tallies are computed from."""
