"""Documents of shifts, handover sheets, rosters and coverage."""
