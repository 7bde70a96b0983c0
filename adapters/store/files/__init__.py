"""Attachments, sealed and kept beside the log."""
