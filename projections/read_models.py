"""Every projection there is, by name."""

from projections.appraisal_tally import APPRAISAL_TALLY
from projections.approvals import APPROVALS
from projections.duty_coverage import DUTY_COVERAGE
from projections.event_stream import EVENT_STREAM
from projections.findings import FINDINGS
from projections.handover_list import HANDOVER_LIST
from projections.household_history import HOUSEHOLD_HISTORY
from projections.morning_review import MORNING_REVIEW
from projections.night_log import NIGHT_LOG
from projections.open_workload import OPEN_WORKLOAD
from projections.register_books import REGISTER_BOOKS
from projections.reminders import REMINDERS
from projections.service_report import SERVICE_REPORT
from projections.technician_worklist import TECHNICIAN_WORKLIST
from projections.ticket_directory import TICKET_DIRECTORY
from projections.view import View

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
