"""Documents of approvals and of the access log."""
