"""Names of projections and processes in words."""

from collections.abc import Mapping

from adapters.labels.marking import N_
from adapters.pages.frame.visitor import Visitor

NAMES: Mapping[str, str] = {
    "open_workload": N_("未了结的工作"),
    "ticket_directory": N_("工单名录"),
    "technician_worklist": N_("维修员的工单"),
    "approvals": N_("第二人审批"),
    "register_books": N_("记录册"),
    "service_report": N_("服务月报"),
    "handover_list": N_("移交清单"),
    "night_log": N_("夜间值班记录"),
    "duty_coverage": N_("值班覆盖"),
    "morning_review": N_("早间查阅"),
    "household_history": N_("住户沿革"),
    "reminders": N_("系统提醒"),
    "appraisal_tally": N_("考评表"),
    "event_stream": N_("事件流"),
    "findings": N_("考评事项"),
    "proposals": N_("提出考评事项"),
}
"""Names of all projections and processes. A process may share the name of the projection that it reads."""


def projection_words(name: str, visitor: Visitor) -> str:
    """Name a projection or process."""
    return visitor.say(NAMES[name])
