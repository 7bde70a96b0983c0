"""Move a store and its keys to another database: SQLite to PostgreSQL, back, or between two of a kind."""
