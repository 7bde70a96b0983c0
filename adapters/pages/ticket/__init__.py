"""Pages of tickets: intake, workbench, steps, work orders, books, reports."""
