"""Terminal commands on shifts, rosters and duty calendars."""
