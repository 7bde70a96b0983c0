"""Bodies of requests by capability, read by the API, the pages and the terminal; they need no web framework."""
