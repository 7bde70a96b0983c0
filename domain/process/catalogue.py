"""The processes (流程) there are."""

from domain.process.process import Process
from domain.process.proposals import PROPOSALS
from domain.process.reminding import REMINDING

PROCESSES: tuple[Process, ...] = (REMINDING, PROPOSALS)
"""Every process a server runs."""
