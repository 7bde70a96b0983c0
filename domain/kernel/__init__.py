"""What every capability is built from: aggregates, the journal, refusals, ports, personal data, vocabulary, values."""
