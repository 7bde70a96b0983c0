"""Backup and restore of a store and its keys."""
