"""Words for commands, by the names that refusals and approvals give them."""

from collections.abc import Mapping
from enum import StrEnum

from adapters.labels.labels import label
from adapters.labels.marking import N_
from adapters.labels.vocabulary import member
from domain.appraisal.month_close import CLOSE_MONTH
from domain.finding.desk import command_name
from domain.kernel.terms import FindingStatus, FindingTrigger, ShiftStatus, ShiftTrigger, State, Trigger
from domain.publication.commands import CALENDAR, PRICE_LIST, RULE_BOOK
from domain.service_desk.desk import BACK_ENTRY
from domain.service_desk.disclosure import DISCLOSE
from domain.service_desk.erasure import ERASE
from domain.service_desk.importing import COMMAND as IMPORT

APPROVE = "approve "
"""Prefix of a command's name in the approval of that command."""

COMMAND_WORDS: Mapping[str, str] = {
    BACK_ENTRY: N_("补单"),
    IMPORT: N_("导入外部工单"),
    CLOSE_MONTH: N_("月结"),
    ERASE: N_("删除个人信息"),
    DISCLOSE: N_("向公安机关提供个人信息"),
    PRICE_LIST: N_("公布收费标准"),
    CALENDAR: N_("调整工作日历"),
    RULE_BOOK: N_("更换考评细则"),
    "administration": N_("管理系统"),
    "grant admin": N_("授予系统管理岗位"),
    "read_tallies": N_("查看考评"),
    "read a finding": N_("查看这一考评事项"),
    "access_log": N_("查看查阅记录"),
    "events": N_("查看事件流"),
    "process": N_("查看流程"),
}
"""Commands that are no trigger of a lifecycle; the translation catalogue has their English."""

OTHERWISE = N_("做这件事")
"""Any other command."""

_FINDINGS: Mapping[str, FindingTrigger] = {command_name(trigger): trigger for trigger in FindingTrigger}
_VOCABULARIES: tuple[type[StrEnum], ...] = (Trigger, State, ShiftTrigger, ShiftStatus, FindingTrigger, FindingStatus)


def code_words(code: str, language: str) -> str:
    """The words for a trigger or a state of a ticket, a shift or a finding; empty for another code."""
    found = _FINDINGS.get(code) or next(filter(None, (member(words, code) for words in _VOCABULARIES)), None)
    return label(found, language) if found is not None else ""
