"""Building blocks of every capability: aggregates, the journal, refusals, ports, personal data, vocabulary, values."""
