"""The household register (住户名册): dwellings, the people who own, live in or rent them, and their keys."""
