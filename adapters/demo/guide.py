"""Print the guide to the demonstration: the address, the logins, three things to try, and a script for the API to paste."""

from rich.console import Console
from rich.table import Table

from adapters.demo.filling import Demo
from adapters.demo.staff import COMMUNITY, COMMUNITY_NAME, STAFF
from adapters.labels.labels import label

BEGIN = "echo '---- 从来电到回访 from the call to the follow-up ----'"
END = "echo '---- 完 end ----'"
WIDTH = 104
"""Least width in columns, so that no token is broken; a narrower terminal wraps by itself."""


def show(demo: Demo, address: str) -> None:
    """Print the whole guide; Chinese first, English second."""
    console = Console(highlight=False, markup=False, emoji=False)
    console.width = max(console.width, WIDTH)
    console.print(
        f"\n工单演示 Gongdan demo · {COMMUNITY_NAME} {COMMUNITY} · {demo.count} 张工单 {demo.count} tickets", style="bold"
    )
    console.print(f"地址 address  {address}/   人人同一口令 everybody's password  {demo.password}", soft_wrap=True)
    console.print(f"接口 API  {address}/api/v1   （说明 description: {address}/api/v1/openapi.json）\n", soft_wrap=True)
    console.print(_logins(demo))
    console.print("\n三件可试的事 Three things to try（粘贴即可 paste as they are）", style="bold")
    console.print(three_things(demo, address), soft_wrap=True)
    console.print("\n接口走一遍 A walk through the API（整段粘贴 paste the whole block）", style="bold")
    console.print(walk_through(demo, address), soft_wrap=True)


def _logins(demo: Demo) -> Table:
    table = Table(title="登录与令牌 Logins and tokens", title_justify="left", box=None, pad_edge=False, header_style="bold")
    for column in ("登录 login", "姓名 name", "岗位 post", "令牌 token"):
        table.add_column(column, no_wrap=True)
    for member in STAFF:
        table.add_row(member.login, member.name, label(member.role), demo.tokens[member.login])
    return table


def three_things(demo: Demo, address: str) -> str:
    """Three commands: the overdue tickets, one ticket's history, the approval of major works."""
    supervisor, director = demo.tokens["chen.ping"], demo.tokens["liu.jianhua"]
    api = f"{address}/api/v1"
    return "\n".join(
        (
            "1. 哪些工单超时了 which tickets are overdue（客服主管 supervisor）",
            f'curl -sS -H "Authorization: Bearer {supervisor}" "{api}/tickets?community={COMMUNITY}&clock=breached"',
            "2. 电梯停运一单的全部经过 the whole course of the stopped lift",
            f'curl -sS -H "Authorization: Bearer {supervisor}" "{api}/tickets/{demo.numbers["lift"]}/history"',
            "3. 主任审批等着第二人的大工程 the director approves the major works that wait for a second person",
            f'curl -sS -X POST -H "Authorization: Bearer {director}" -H "Content-Type: application/json" -d "{{}}"'
            f' "{api}/approvals/{demo.approval}/approve"',
        )
    )


def walk_through(demo: Demo, address: str) -> str:
    """A shell script, between :data:`BEGIN` and :data:`END`: one ticket from the call to the follow-up.

    Without comments, which not every interactive shell accepts.
    """
    desk, worker, supervisor = (demo.tokens[login] for login in ("li.na", "qian.liang", "chen.ping"))
    return f"""{BEGIN}
echo '客户助理李娜 assistant, 维修员钱亮 technician, 客服主管陈萍 supervisor'
API={address}/api/v1
DESK={desk}
WORKER={worker}
SUPERVISOR={supervisor}
post() {{ curl -sS -H "Authorization: Bearer $1" -H 'Content-Type: application/json' -d "$3" "$API/$2"; }}
field() {{ python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }}
echo '接单 receive'
TICKET=$(post "$DESK" tickets '{{"community": "{COMMUNITY}", "channel": "phone", "description": "书房窗户把手断了，关不严。",
  "location": {{"area": "A1", "building": "2", "entrance": "1", "dwelling": "1102"}},
  "reporter": {{"name": "陆晓燕", "phone": "13800138111"}}}}' | field number)
echo "$TICKET"
echo '分类 classify · 派单 dispatch'
post "$DESK" "tickets/$TICKET/classify" '{{"kind": "repair", "facility": "private", "category": "door"}}' | field book_number
post "$DESK" "tickets/$TICKET/dispatch" '{{"assignee": "qian.liang"}}' | field state
echo '接受 accept · 到场 start · 完工 complete'
post "$WORKER" "tickets/$TICKET/accept" '{{}}' | field version
post "$WORKER" "tickets/$TICKET/start" '{{}}' | field version
post "$WORKER" "tickets/$TICKET/complete" '{{"resolution": "换了窗户把手，开合正常。", "parts": ["七字把手"]}}' | field state
echo '回访 follow up'
post "$DESK" "tickets/$TICKET/follow-up" '{{"satisfied": true, "rating": 5, "method": "phone"}}' | field state
echo '经过 history'
curl -sS -H "Authorization: Bearer $SUPERVISOR" "$API/tickets/$TICKET/history" | python3 -c 'import json, sys
for step in json.load(sys.stdin)["items"]: print(step["version"], step["type"], step["by"], step["state_after"])'
{END}"""
