"""Sentences that pages show: events, states, settings and commands in words."""
