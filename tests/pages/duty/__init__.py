"""Pages of shifts and handover."""
