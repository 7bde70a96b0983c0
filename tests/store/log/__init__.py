"""The event log: appends, bytes, group commit, faults and several processes."""
