"""The policy: readings (解释) of the regulations that a company may change, validated from a data file.

Adapters read the file; this module only parses its text. A community may override single settings. Events keep the values they
depend on, so that a later change does not reach them.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time, timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from domain.kernel.errors import FieldError, InvalidInput
from domain.kernel.terms import ClockName, LimitDays, Role, SuspendReason
from domain.rules.clocks import ClockPolicy

Minutes = Annotated[int, Field(gt=0, le=5_256_000)]  # ten years
MonthDay = Annotated[str, StringConstraints(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")]
Items = Annotated[tuple[Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")], ...], Field(max_length=40)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ClockLimits(_Part):
    days: LimitDays
    reply_minutes: Minutes
    repair_minutes: Minutes
    public_minor_minutes: Minutes
    public_severe_minutes: Minutes


class ClockPauses(_Part):
    reply: tuple[SuspendReason, ...] = ()
    repair: tuple[SuspendReason, ...] = ()
    public_minor: tuple[SuspendReason, ...] = ()
    public_severe: tuple[SuspendReason, ...] = ()


class EntryLimits(_Part):
    skew_minutes: Minutes
    late_minutes: Minutes
    long_late_minutes: Minutes
    offline_minutes: Minutes


class FollowUpLimits(_Part):
    reopen_days: Minutes
    unreached_attempts: Minutes
    unreached_days: Minutes


class ApprovalTerms(_Part):
    expires_minutes: Minutes


class DutyTimes(_Part):
    summer_from: MonthDay
    summer_to: MonthDay
    morning: time
    noon: time
    afternoon_winter: time
    afternoon_summer: time
    night_winter: time
    night_summer: time
    night_post: Literal["technician", "control_room"]

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        """Refuse periods that are out of order in either season."""
        for season in ("winter", "summer"):
            afternoon, night = getattr(self, f"afternoon_{season}"), getattr(self, f"night_{season}")
            if not self.morning < self.noon < afternoon < night:
                raise ValueError(f"morning, noon, afternoon_{season} and night_{season} must follow each other")
        return self


class HandoverTerms(_Part):
    arrive_before_minutes: Minutes
    lead_minutes: Minutes
    sign_within_minutes: Minutes
    cover_after_minutes: Minutes = 960
    equipment_assistant: Items
    equipment_technician: Items
    equipment_control_room: Items
    records: Items

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        """Refuse a list with the same entry twice."""
        for name in ("equipment_assistant", "equipment_technician", "equipment_control_room", "records"):
            listed = getattr(self, name)
            if len(set(listed)) != len(listed):
                raise ValueError(f"{name} names a thing twice")
        return self

    def equipment(self, post: Role) -> tuple[str, ...]:
        """The equipment list (设备设施清单) for an officer who holds the desk with this role."""
        lists = {Role.TECHNICIAN: self.equipment_technician, Role.CONTROL_ROOM: self.equipment_control_room}
        return lists.get(post, self.equipment_assistant)


class ReminderTerms(_Part):
    near_minutes: Minutes
    director_minutes: Minutes
    empty_minutes: Minutes
    director_duty_minutes: Minutes


class _Policy(_Part):
    version: str
    clocks: ClockLimits
    clock_pauses: ClockPauses
    entry: EntryLimits
    follow_up: FollowUpLimits
    approval: ApprovalTerms
    duty: DutyTimes
    handover: HandoverTerms
    reminders: ReminderTerms


@dataclass(frozen=True)
class Policy:
    """All readings in force in one community."""

    values: _Policy
    clock_policy: ClockPolicy

    @property
    def version(self) -> str:
        """The policy's version, kept in events."""
        return self.values.version

    @property
    def limit_days(self) -> LimitDays:
        """Whether clock limits count calendar days or working days."""
        return self.values.clocks.days

    @property
    def entry(self) -> EntryLimits:
        """Limits for late, offline and future entry."""
        return self.values.entry

    @property
    def follow_up(self) -> FollowUpLimits:
        """Limits for reopening, and for closing a ticket whose resident was not reached."""
        return self.values.follow_up

    @property
    def duty(self) -> DutyTimes:
        """Duty periods by season (D5 二)."""
        return self.values.duty

    @property
    def handover(self) -> HandoverTerms:
        """Limits and lists for handing over the desk (D1 4.1.3, D5 八)."""
        return self.values.handover

    @property
    def reminders(self) -> ReminderTerms:
        """Limits for the system's reminders."""
        return self.values.reminders

    @property
    def approval_lifetime(self) -> timedelta:
        """Time after which an undecided approval expires."""
        return timedelta(minutes=self.values.approval.expires_minutes)

    def overridden(self, changes: Mapping[str, Any]) -> "Policy":
        """Replace settings, named as ``clocks.reply_minutes``. Raises InvalidInput for an unknown setting or a wrong value."""
        data = self.values.model_dump(mode="json")
        for dotted, value in changes.items():
            part, _, name = dotted.partition(".")
            if part not in data or not isinstance(data[part], dict) or name not in data[part]:
                known = [f"{p}.{n}" for p, names in data.items() if isinstance(names, dict) for n in names]
                raise InvalidInput([FieldError(f"/settings/{dotted}", f"no such setting; known: {', '.join(known)}")])
            data[part][name] = value
        if changes:
            data["version"] = self.version.partition("+")[0] + "+community"
        return _policy(data)


def parse_policy(text: str) -> Policy:
    """Parse and validate a policy file (TOML). Raises InvalidInput; its errors name the setting."""
    try:
        return _policy(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput([FieldError("/policy", str(error))]) from error


def _policy(data: Mapping[str, Any]) -> Policy:
    try:
        values = _Policy.model_validate(data)
    except ValidationError as error:
        raise InvalidInput(
            [FieldError("/settings/" + ".".join(str(p) for p in e["loc"]), e["msg"]) for e in error.errors()]
        ) from error
    names = [name for name in ClockName if name is not ClockName.RECTIFY]
    limits: dict[ClockName, int] = {name: getattr(values.clocks, f"{name.value}_minutes") for name in names}
    pauses: dict[ClockName, tuple[SuspendReason, ...]] = {name: getattr(values.clock_pauses, name.value) for name in names}
    return Policy(values, ClockPolicy(values.version, limits, pauses))
