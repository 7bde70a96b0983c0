"""Read models of duty: coverage, night log, handover list, morning review, reminders."""
