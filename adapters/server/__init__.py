"""Web server: API and pages as one application, with the middleware around every request."""
