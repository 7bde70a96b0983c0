"""Running projections: tables of each read model, their runners, leases, builds and checks."""
