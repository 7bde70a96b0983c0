"""The machine's clock, identifiers and randomness, the settings, and China's published holidays."""
