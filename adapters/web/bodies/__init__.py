"""Request bodies by capability, read by the API, the pages and the command line. They need no web framework."""
