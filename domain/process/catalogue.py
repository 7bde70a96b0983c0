"""The process managers (流程) that a server runs."""

from domain.process.process import Process
from domain.process.proposals import PROPOSALS
from domain.process.reminding import REMINDING

PROCESSES: tuple[Process, ...] = (REMINDING, PROPOSALS)
"""Every process manager, in the order in which a stream is shown to them."""
