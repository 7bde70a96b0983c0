"""The law of a ticket (工单): lifecycle, commands, events and decisions, as pure functions."""
