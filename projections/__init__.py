"""Read models: pure folds from events to rows, and the queries on them."""
