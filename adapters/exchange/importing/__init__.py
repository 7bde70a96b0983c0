"""Importing: foreign logs and household registers, read line by line by a mapping."""
