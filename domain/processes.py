"""The processes (流程) there are."""

from domain.process_manager import Process
from domain.proposals import PROPOSALS
from domain.reminding import REMINDING

PROCESSES: tuple[Process, ...] = (REMINDING, PROPOSALS)
"""Every process a server runs."""
