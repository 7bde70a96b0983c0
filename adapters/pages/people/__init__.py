"""Pages of administration: staff, tokens, sessions, settings, read models."""
