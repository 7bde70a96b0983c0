"""Tables of read models: their catalogue, rows in SQL, fences of a position, leases of who folds."""
