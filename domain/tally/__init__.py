"""The tally (考评表): from a month's facts to points and the share of performance pay, as pure functions (D2)."""
