"""Admission: how many requests of each kind of work run at once, which of the others wait, and which are refused at once."""
