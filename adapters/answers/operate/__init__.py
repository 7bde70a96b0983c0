"""Documents of operation: the lifecycle table, projections, processes, health."""
