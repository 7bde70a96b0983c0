"""HTTP operations for those who run the service: lifecycle table, projections, processes, health, metrics."""
