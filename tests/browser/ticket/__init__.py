"""Real Chromium on pages of tickets."""
