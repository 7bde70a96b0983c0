"""Every projection there is, by name."""

from projections.approvals import APPROVALS
from projections.open_workload import OPEN_WORKLOAD
from projections.technician_worklist import TECHNICIAN_WORKLIST
from projections.ticket_directory import TICKET_DIRECTORY
from projections.view import View

VIEWS: tuple[View, ...] = (OPEN_WORKLOAD, TICKET_DIRECTORY, TECHNICIAN_WORKLIST, APPROVALS)
