"""Pages of shifts, handover, the night log and the morning review."""
