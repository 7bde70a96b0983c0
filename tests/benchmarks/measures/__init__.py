"""What is measured: one module a part of the engine, each with ``rows(bench)``."""
