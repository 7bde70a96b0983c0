"""What all terminal commands share: running, printing, refusing, acting as a person."""
