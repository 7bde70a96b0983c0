"""Real Chromium on pages of shifts and handover."""
