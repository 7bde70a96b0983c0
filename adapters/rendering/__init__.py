"""Rendering: templates, translations, static files, printed pages."""
