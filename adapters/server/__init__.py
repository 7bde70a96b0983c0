"""The web server: API and pages assembled into one application, with what surrounds every request."""
