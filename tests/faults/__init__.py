"""The service under faults: killed at random moments while clients use it."""
