"""The processes (流程) there are."""

from domain.process_manager import Process

PROCESSES: tuple[Process, ...] = ()
"""Every process a server runs."""
