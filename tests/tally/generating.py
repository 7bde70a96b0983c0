"""Strategies for valid findings of every item, in the small estate with posts that change mid-month."""

from typing import Any

from hypothesis import strategies as st

from tests.tally.estate import Document, assigned, held
from tests.tally.regulation import EGREGIOUS, EVERY, FOUND

MOVING: list[Document] = [
    {"login": "li", "posts": [held("director", end="2026-03-20"), held("staff", "2026-03-21")], "areas": []},
    {
        "login": "wang",
        "posts": [held("administrator", end="2026-03-20"), held("director", "2026-03-21")],
        "areas": [assigned("A1", end="2026-03-10"), assigned("A2", "2026-03-08")],
    },
    {
        "login": "zhao",
        "posts": [held("administrator", end="2026-03-15"), held("staff", "2026-03-16")],
        "areas": [assigned("A2", end="2026-03-15"), assigned("A3")],
    },
    {"login": "sun", "posts": [held("staff")], "areas": [assigned("A1")]},
]
"""The director leaves and an administrator follows; areas pass from one to another; a member of staff is listed for an area."""

LOGINS = [person["login"] for person in MOVING]
POINTS = st.integers(0, 12).map(lambda halves: f"{halves // 2}.5" if halves % 2 else str(halves // 2))


def days(month: str) -> st.SearchStrategy[str]:
    return st.integers(1, 28).map(lambda day: f"{month}-{day:02}")


@st.composite
def one(draw: st.DrawFn, month: str = "2026-03", items: list[str] = FOUND, extremes: bool = True) -> Document:
    """Draw a finding without an id, every field written out."""
    item = draw(st.sampled_from(items))
    severities = ["normal"]
    if extremes:
        severities += ["egregious"] * (item.isdigit() and int(item) in EGREGIOUS)
        severities += ["serious"] * (item == "40") + ["serious_complaint"] * (item == "11")
    severity = draw(st.sampled_from(severities))
    needed = EVERY[item].party_only or severity == "egregious"
    parties = draw(st.lists(st.sampled_from(LOGINS), unique=True, min_size=int(needed), max_size=3))
    found: dict[str, Any] = {
        "item": item,
        "date": draw(days(month)),
        "area": draw(st.sampled_from(["A1", "A2", "A3", "A9", None])),
        "quantity": draw(st.integers(1, 5)),
        "severity": severity,
        "parties": parties,
        "doubled": not item.startswith("B") and draw(st.booleans()),
        "points": None,
        "booked_month": None,
        "tickets": draw(st.lists(st.sampled_from(["t1", "t2", "t3"]), max_size=2)),
    }
    if EVERY[item].rule == "decided":
        found["points"] = {"director": draw(POINTS), "administrator": draw(POINTS)}
    if item == "13":
        found["overdue_days"] = draw(st.integers(0, 40))
    if item == "23":
        found["amount_fen"] = draw(st.none() | st.integers(299_990, 300_010))
    return found


def many(
    month: str = "2026-03", max_size: int = 14, items: list[str] | None = None, extremes: bool = True
) -> st.SearchStrategy[list[Document]]:
    """Draw findings in the order of recording; few different items, so that thresholds are reached."""
    chosen = st.just(items) if items else st.lists(st.sampled_from(FOUND), min_size=1, max_size=5)
    drawn = chosen.flatmap(lambda some: st.lists(one(month, some, extremes), max_size=max_size))
    return drawn.map(lambda found: [{"id": f"f{number}", **each} for number, each in enumerate(found)])
