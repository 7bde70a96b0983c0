"""How the service runs, as documents: the lifecycle table, projections, processes, health."""
