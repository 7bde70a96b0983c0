"""Importing: foreign logs and rolls read line by line by a mapping."""
