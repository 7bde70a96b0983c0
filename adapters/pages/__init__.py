"""What people see: labels, and later the pages."""
