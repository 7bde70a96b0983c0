"""Running process managers: one runner at a time follows the log and the due moments."""
