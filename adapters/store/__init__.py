"""The store: event log, database, keys, files, logins and their backups."""
