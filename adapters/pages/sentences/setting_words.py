"""Settings of a community (小区设置) in words: every value of the policy with its name, by section."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import time, timedelta
from enum import StrEnum
from typing import Any

from pydantic import BaseModel

from adapters.labels.labels import thing
from adapters.labels.marking import N_
from adapters.pages.frame.visitor import Visitor
from domain.kernel.terms import Role
from domain.rules.policy import Policy

SECTIONS: Mapping[str, str] = {
    "clocks": N_("时限"),
    "clock_pauses": N_("哪些挂起会停表"),
    "entry": N_("登记时间"),
    "follow_up": N_("回访与重开"),
    "approval": N_("第二人审批"),
    "duty": N_("当值时段"),
    "handover": N_("交接班"),
    "reminders": N_("系统提醒"),
}
SETTINGS: Mapping[str, str] = {
    "clocks.days": N_("时限按哪种日子计"),
    "clocks.reply_minutes": N_("答复时限"),
    "clocks.repair_minutes": N_("维修时限"),
    "clocks.public_minor_minutes": N_("公共一般损坏时限"),
    "clocks.public_severe_minutes": N_("公共严重损坏时限"),
    "clock_pauses.reply": N_("答复时限停表"),
    "clock_pauses.repair": N_("维修时限停表"),
    "clock_pauses.public_minor": N_("公共一般损坏停表"),
    "clock_pauses.public_severe": N_("公共严重损坏停表"),
    "entry.skew_minutes": N_("晚于现在多少以内仍算现在"),
    "entry.late_minutes": N_("超过多久算补录"),
    "entry.long_late_minutes": N_("超过多久补录须第二人审批"),
    "entry.offline_minutes": N_("离线所记最长可迟"),
    "follow_up.reopen_days": N_("关闭后多少天内可重开"),
    "follow_up.unreached_attempts": N_("回访未遇几次可关闭"),
    "follow_up.unreached_days": N_("回访未遇须分在几天"),
    "approval.expires_minutes": N_("审批请求有效"),
    "duty.summer_from": N_("夏季自"),
    "duty.summer_to": N_("夏季至"),
    "duty.morning": N_("上午上班"),
    "duty.noon": N_("中午值班"),
    "duty.afternoon_winter": N_("下午上班（冬季）"),
    "duty.afternoon_summer": N_("下午上班（夏季）"),
    "duty.night_winter": N_("夜间值班（冬季）"),
    "duty.night_summer": N_("夜间值班（夏季）"),
    "duty.night_post": N_("夜间由谁值班"),
    "handover.arrive_before_minutes": N_("接班须提前到岗"),
    "handover.cover_after_minutes": N_("连续当值超过多久算顶班"),
    "handover.lead_minutes": N_("时段结束前多久起可接下一时段"),
    "handover.sign_within_minutes": N_("时段结束后多久内双方签名"),
    "handover.equipment_assistant": N_("客户助理的设备设施清单"),
    "handover.equipment_technician": N_("水电维修员的设备设施清单"),
    "handover.equipment_control_room": N_("中控室的设备设施清单"),
    "handover.records": N_("移交的记录"),
    "reminders.near_minutes": N_("时限将至提前多久提醒"),
    "reminders.director_minutes": N_("超时多久报主任"),
    "reminders.empty_minutes": N_("空岗多久提醒"),
    "reminders.director_duty_minutes": N_("空岗或未签名多久报主任"),
}
"""Name of each setting, by its dotted name; the catalogue has the English."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting in words; ``own`` where the community departs from the company's."""

    name: str
    value: str
    own: bool


def settings_words(visitor: Visitor, policy: Policy, own: Mapping[str, Any]) -> Sequence[tuple[str, Sequence[Setting]]]:
    """Put the settings in force into words, by section."""
    found = []
    for section, title in SECTIONS.items():
        part: BaseModel = getattr(policy.values, section)
        said = []
        for name in type(part).model_fields:
            dotted = f"{section}.{name}"
            said.append(
                Setting(visitor.say(SETTINGS[dotted]), _value(visitor, name, getattr(part, name)), own.get(dotted) is not None)
            )
        found.append((visitor.say(title), said))
    return found


def _value(visitor: Visitor, name: str, value: Any) -> str:
    match value:
        case int() if name.endswith("_minutes"):
            return visitor.lasting(timedelta(minutes=value))
        case int():
            return visitor.say("{n} 天", n=value) if name.endswith("_days") else visitor.say("{n} 次", n=value)
        case time():
            return value.strftime("%H:%M")
        case StrEnum():
            return visitor.label(value)
        case tuple():
            said = [visitor.label(one) if isinstance(one, StrEnum) else thing(one, visitor.language) for one in value]
            return visitor.words.many(said) or visitor.say("无")
    return visitor.label(Role(value)) if name == "night_post" else str(value)
