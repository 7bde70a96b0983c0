"""HTTP operations on tickets, attachments, books, reports and the event stream."""
