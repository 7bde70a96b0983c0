"""Reference pages that are made from the code: ``python -m tests.documentation.pages`` writes them anew."""

import re
from collections.abc import Callable
from pathlib import Path

from adapters.api.openapi.description import describe
from adapters.labels.diagram import svg
from adapters.labels.labels import LABELS, label
from adapters.server.app import from_settings
from adapters.web.problems import KINDS
from domain.kernel.terms import ChargeOutcome, Trigger
from domain.people.authority import COLUMNS, TABLE, right_of
from domain.ticket.guards import RULES

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"

_GLOSSARY_HEAD = """# Glossary 术语表

English identifiers are the field's standard terms; codes are stored, labels are shown. A test keeps this page, the
enumerations of `domain/kernel/terms.py` and the labels together.

| identifier | 中文 | meaning |
|---|---|---|
| community | 小区 / 花园 | one estate; unit of appraisal and tenancy boundary |
| area | 责任区 | part of a community that one administrator answers for |
| building, entrance, dwelling | 楼栋、单元、户 | where; 单元 is a stairwell, not a "unit" |
| owner, resident, tenant | 业主、住户、租户 | what somebody is to a dwelling: three different things |
| household register | 住户名册 | a community's dwellings and the people who belong to them, with dates and keys received |
| keys received | 锁匙交收 | sets of keys that an owner, resident or tenant was given |
| ticket | 工单 | one request, from intake to follow-up |
| book | 记录册 | a numbered register: repair, complaint, daily affairs, … |
| work order | 维修工作单 | the sheet a technician carries; made by `dispatch` |
| follow-up | 回访 | the call or visit after the work, with the resident's verdict; never a second repair |
| rework | 返修 | the work starts again after a dissatisfied follow-up |
| urge | 督促 | a supervisor presses an unfinished ticket |
| escalate | 上报 | beyond the desk's authority: reported upward |
| back-entry | 补单 | work done first, ticket written afterwards |
| shift | 班次 / 当值 | one post held by one answerable officer |
| stand-in | 代值 | holds the desk while the officer handles an emergency |
| owner, resident, tenant | 业主、住户、租户 | three different things |
| data subject | 个人信息主体 | whose personal data it is; has a key of their own |
| approval | 审批 | a command that waits for a second person |
| paid service | 有偿服务 | by the price list; amounts in fen |
"""

_AUTHORITY_HEAD = """# Who may do what

Made from the one table in `domain/people/authority.py`.

✓ in own communities · o own: assigned to me, or mine · a own area · h while I hold the shift or stand in for its officer ·
2 I may request it, and another person with ✓ or 2 in the same row approves · m personal data masked · s about myself ·
+ staff: about anybody but a director · closed: of months that are closed · – refused.

An appraiser acts for the company, in every community. People named as complained of take no trigger on that ticket but `note`.
`admin` manages accounts, roles, tokens and configuration: it has no column, holds no business right and reads no personal data.
Nobody outside a community learns that one of its tickets exists.

A back-entry (补单) takes the row `receive`, and also the row `late_entry`, however short a time ago its work was done; work
more than 24 hours ago takes `long_late_entry`, thus a second person.

The household register (住户名册) is kept by administrators of the community, and by the row of checking a move-in's items and
linking (`reclassify_check_item_link`) in the dwelling's area; the rows `read` and `open_personal` read it. This is a reading.
"""

_RULES_HEAD = """# Rules

What forbids a step that the lifecycle table has, whatever is said with it; made from `domain/ticket/guards.py`. A refusal
names the rule (`rule`), its clause and what is legal now, and gives the community's value where a limit is configurable, such as
`follow_up.reopen_days`. D1 is the workflow, D2 the scorecard, D3 the centre's duties, D4 the posts' duties, D5 the duty rules.
"""


def glossary() -> str:
    """Terms, then every enumeration with its labels."""
    parts = [_GLOSSARY_HEAD]
    for enum, labels in LABELS.items():
        rows = "".join(f"| `{code}` | {chinese} | {english} |\n" for code, (chinese, english) in labels.items())
        about = (enum.__doc__ or "").strip().splitlines()[0]
        parts.append(f"## {enum.__name__}\n\n{about}\n\n| code | 中文 | English |\n|---|---|---|\n{rows}")
    return "\n".join(parts)


def authority() -> str:
    """The authority table, and which triggers each row holds."""
    triggers: dict[str, list[str]] = {}
    for trigger in Trigger:
        triggers.setdefault(right_of(trigger), []).append(trigger.value)
    triggers[right_of(Trigger.SETTLE_CHARGE, ChargeOutcome.WAIVED)] = ["settle_charge"]
    head = "| right | triggers | " + " | ".join(label(role) for role in COLUMNS) + " |\n"
    rows = head + "|---" * (len(COLUMNS) + 2) + "|\n"
    for right, cells in TABLE.items():
        steps = ", ".join(f"`{name}`" for name in triggers.get(right, []))
        rows += f"| `{right}` | {steps} | " + " | ".join(cells[role] for role in COLUMNS) + " |\n"
    return f"{_AUTHORITY_HEAD}\n{rows}"


def rules() -> str:
    """Every rule with its clause and triggers."""
    rows = "| rule | clause | triggers | what the refusal says |\n|---|---|---|---|\n"
    for rule in RULES:
        steps = ", ".join(f"`{trigger.value}`" for trigger in rule.triggers)
        detail = re.sub(r"\{(.+?)\}", r"`\1`", rule.detail)
        rows += f"| `{rule.code}` | {rule.clause} | {steps} | {detail} |\n"
    return f"{_RULES_HEAD}\n{rows}"


_HTTP_HEAD = """# HTTP interface

Every path begins with `/api/v1`, except those of health and metrics. Requests carry `Authorization: Bearer TOKEN`. The full
description, with every body, answer and error, is served as `/api/v1/openapi.json`; this page is made from it.

- **Writing** answers `201`/`200` with the resource as it now is (personal data masked), `ETag: "VERSION"` and
  `Gongdan-Position: N`. A command that takes two people answers `202` with its approval.
- `Idempotency-Key` (any POST): a repeat with the same body gets the first answer again, with another body `422`. Kept 7 days.
- `Prefer: return=minimal` (commands on tickets, RFC 7240): `204`, or `201` for a new ticket, without a body, with `ETag`,
  `Gongdan-Position`, `Location` and `Preference-Applied`. An approval is answered whole.
- `If-Match: "VERSION"`: `412` when stale, with what happened since. Without it a command is decided on the newest state.
- **Under load** a request that could not be answered in time is refused at once: `503`, `Retry-After` with the seconds until
  it may be asked again. Repeat a command with its `Idempotency-Key`. Live streams end with `closing` when the server stops.
- **Reading** with `min_position=N` answers only from a view that has reached N, else `503` with `Retry-After`.
- Lists are paged by `cursor` and `limit` (at most 200). Moments have an offset; answers are UTC. Money is integer fen.
- Each trigger's body may carry `occurred_at`, and `offline` for a draft written offline.

## Problems

Errors are `application/problem+json` (RFC 9457).

| type | status | title |
|---|---|---|
"""


def http() -> str:
    """The conventions, the problems, and every operation."""
    problems = "".join(f"| `/problems/{kind.slug}` | {kind.status} | {kind.title} |\n" for kind in KINDS.values())
    described = describe(from_settings(), "0")
    rows = "\n## Operations\n\n| method | path | |\n|---|---|---|\n"
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            rows += f"| {method.upper()} | `{path}` | {operation['summary']} |\n"
    return _HTTP_HEAD + problems + rows


PAGES: dict[str, Callable[[], str]] = {
    "glossary.md": glossary,
    "authority.md": authority,
    "rules.md": rules,
    "lifecycle.svg": svg,
    "http.md": http,
}


def main() -> None:
    """Write every page anew."""
    for name, make in PAGES.items():
        (REFERENCE / name).write_text(make(), encoding="utf-8")


if __name__ == "__main__":
    main()
