"""Courses of a simulation: what happens to a ticket or a shift, step by step."""
