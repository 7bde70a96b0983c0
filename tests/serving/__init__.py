"""Serving under load and while stopping: admission, drain, several processes, a follower of its own."""
