"""Terminal commands on tickets, books, reports and imports."""
