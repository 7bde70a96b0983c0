"""The event log: event bytes, append conditions, group commit, opening a store."""
