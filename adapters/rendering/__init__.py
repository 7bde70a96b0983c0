"""Rendering: templates, translations, static files and printed pages."""
