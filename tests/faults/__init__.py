"""The service under violence: killed at random moments while people use it."""
