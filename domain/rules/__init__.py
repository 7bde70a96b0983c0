"""The company's rules as validated values: readings, clocks, price list, duty calendar, workdays, scorecard, pay bands."""
