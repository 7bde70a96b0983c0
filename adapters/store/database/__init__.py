"""The database port on SQLite and PostgreSQL, and the schema's migrations."""
