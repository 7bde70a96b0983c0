"""The processes (流程) there are."""

from domain.process_manager import Process
from domain.reminding import REMINDING

PROCESSES: tuple[Process, ...] = (REMINDING,)
"""Every process a server runs."""
