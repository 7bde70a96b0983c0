"""Example bodies in the OpenAPI description."""

from typing import Any

from domain.kernel.terms import Trigger

RECEIVED: dict[str, Any] = {
    "家中漏水": {
        "community": "JX",
        "channel": "phone",
        "description": "厨房水管漏水，地面已积水",
        "location": {"area": "A1", "building": "3", "entrance": "2", "dwelling": "1201"},
        "reporter": {"name": "王小明", "phone": "13812345678"},
        "urgency": "normal",
    },
    "公共场所": {
        "community": "JX",
        "channel": "inspection",
        "description": "东门路灯不亮",
        "location": {"area": "A1", "public_place": "东门"},
    },
}

EXAMPLES: dict[Trigger, dict[str, Any]] = {
    Trigger.CLASSIFY: {
        "户内报修": {"kind": "repair", "category": "plumbing", "facility": "private"},
        "投诉": {"kind": "complaint", "complained_of": ["zhang"]},
    },
    Trigger.DISPATCH: {
        "派给维修工": {"assignee": "zhang", "appointment_at": "2026-03-02T15:00:00+08:00"},
        "派给班组": {"assignee": {"type": "team", "id": "plumbers"}},
        "外包": {"assignee": {"type": "contractor", "id": "anda-lifts"}},
    },
}
