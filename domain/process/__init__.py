"""Process managers (流程): what the system reminds of and proposes by itself."""
