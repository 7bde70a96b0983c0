"""Documents of tickets, their lists, the workload and the books."""
