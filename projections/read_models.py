"""All projections."""

from projections.appraisal.appraisal_tally import APPRAISAL_TALLY
from projections.appraisal.findings import FINDINGS
from projections.approval.approvals import APPROVALS
from projections.duty.duty_coverage import DUTY_COVERAGE
from projections.duty.handover_list import HANDOVER_LIST
from projections.duty.morning_review import MORNING_REVIEW
from projections.duty.night_log import NIGHT_LOG
from projections.duty.reminders import REMINDERS
from projections.engine.view import View
from projections.household.household_history import HOUSEHOLD_HISTORY
from projections.ticket.event_stream import EVENT_STREAM
from projections.ticket.open_workload import OPEN_WORKLOAD
from projections.ticket.register_books import REGISTER_BOOKS
from projections.ticket.service_report import SERVICE_REPORT
from projections.ticket.technician_worklist import TECHNICIAN_WORKLIST
from projections.ticket.ticket_directory import TICKET_DIRECTORY

VIEWS: tuple[View, ...] = (
    OPEN_WORKLOAD,
    TICKET_DIRECTORY,
    TECHNICIAN_WORKLIST,
    APPROVALS,
    REGISTER_BOOKS,
    SERVICE_REPORT,
    HANDOVER_LIST,
    NIGHT_LOG,
    DUTY_COVERAGE,
    MORNING_REVIEW,
    HOUSEHOLD_HISTORY,
    REMINDERS,
    APPRAISAL_TALLY,
    EVENT_STREAM,
    FINDINGS,
)
