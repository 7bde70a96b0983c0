"""A simulated company: people, shifts and tickets drawn by a seed, through the real use cases."""
