"""Read models of tickets: directory, workload, worklist, books, service report, event stream."""
