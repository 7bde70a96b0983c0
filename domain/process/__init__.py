"""Process managers (流程): reminders, and findings that the system proposes."""
