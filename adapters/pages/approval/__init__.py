"""Pages of approvals: what waits, and what the second person sees before deciding."""
