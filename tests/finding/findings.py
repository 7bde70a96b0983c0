"""Events of findings, for tests that need no store."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from domain.finding.events import Finding
from domain.kernel.aggregate import Folded, occurred
from domain.kernel.terms import FindingCause, FindingTrigger, WaiveReason
from tests.support.ticket_factory import meta, sealed

FINDING = UUID(int=0xF1)
AT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
HERE = {"community": "garden"}

WRITTEN: Mapping[FindingTrigger, tuple[type[Folded.Event], Mapping[str, Any]]] = {
    FindingTrigger.PROPOSE: (
        Finding.FindingProposed,
        {"cause": FindingCause.REPLY_LATE, "item": "7", "day": date(2026, 3, 2), "rule_book": "default", "area": "east"},
    ),
    FindingTrigger.RECORD: (
        Finding.FindingRecorded,
        {"item": "17", "day": date(2026, 3, 2), "rule_book": "default", "area": "east", "parties": ("wang",)},
    ),
    FindingTrigger.CONFIRM: (Finding.FindingConfirmed, {"rule_book": "default"}),
    FindingTrigger.WAIVE: (Finding.FindingWaived, {"reason": WaiveReason.OTHER, "note": sealed("情有可原")}),
    FindingTrigger.CONTEST: (Finding.FindingContested, {"grounds": sealed("当日不在岗")}),
    FindingTrigger.UPHOLD: (Finding.FindingUpheld, {"reason": sealed("有签到记录")}),
    FindingTrigger.REVOKE: (Finding.FindingRevoked, {"reason": sealed("查无实据")}),
    FindingTrigger.WITHDRAW: (Finding.FindingWithdrawn, {}),
}
"""What each trigger writes."""


def written(trigger: FindingTrigger, version: int, **more: Any) -> Folded.Event:
    """The event of a trigger, an hour after the one before."""
    kind, data = WRITTEN[trigger]
    return occurred(kind, FINDING, version, AT + version * timedelta(hours=1), meta(), **HERE, **{**data, **more})
