"""An independent, plain implementation of the regulation: points as integers of halves, units laid out one by one.

It shares no code with the domain: it reads the calculation file and the table in `regulation.py`. It covers findings of the month
asked, without adjustments and metrics.
"""

from typing import Any

from tests.tally.regulation import EGREGIOUS, EVERY

Document = dict[str, Any]


def in_force(spans: list[Document], date: str) -> list[Document]:
    return [span for span in spans if span["from"] <= date and (span["to"] is None or date <= span["to"])]


def post_on(person: Document, date: str) -> str | None:
    return next((one["post"] for one in in_force(person["posts"], date)), None)


def charged_as(finding: Document) -> str:
    if finding["item"] == "13" and finding["overdue_days"] > 30:
        return "14"
    if finding["item"] == "23" and (finding.get("amount_fen") or 0) >= 300_000:
        return "24"
    return str(finding["item"])


def answers(person: Document, finding: Document) -> bool:
    item = charged_as(finding)
    if EVERY[item].party_only or (item.startswith("B") and finding["parties"]):
        return person["login"] in finding["parties"]
    post = post_on(person, finding["date"])
    areas = [one["area"] for one in in_force(person["areas"], finding["date"])]
    return post == "director" or (post == "administrator" and finding["area"] in areas)


def halves_of(person: Document, finding: Document) -> int:
    """The price of one unit for a person, in halves of a point."""
    director = post_on(person, finding["date"]) == "director"
    if finding.get("points"):
        return round(2 * float(finding["points"]["director" if director else "administrator"]))
    entry = EVERY[charged_as(finding)]
    return round(2 * (entry.director if director else entry.administrator))


def charges(person: Document, findings: list[Document]) -> dict[str, tuple[int, int]]:
    """By item, the units that count and the halves of a point that they cost or earn."""
    found: dict[str, tuple[int, int]] = {}
    for item, entry in EVERY.items():
        concerning = [one for one in findings if charged_as(one) == item and one["severity"] != "serious_complaint"]
        concerning = [one for one in concerning if answers(person, one) or person["login"] in one["parties"]]
        if not concerning:
            continue
        units: list[int] = []
        extras = 0
        for one in sorted(concerning, key=lambda one: (one["date"], int(one["id"][1:]))):
            times = 2 if one["doubled"] else 1
            price = halves_of(person, one) * times
            if one["item"] == "13" and item == "13":
                price *= one["overdue_days"] // 3
            if answers(person, one):
                units += [0 if entry.rule == "min" and one["quantity"] < entry.first else price] * one["quantity"]
                extras += 4 * times if one["severity"] == "serious" else 0
            if person["login"] in one["parties"]:
                extras += 2 * entry.party_extra * times
        costing = units[entry.first - 1 :] if entry.rule == "from" else units
        found[item] = (len(units), sum(costing) + extras)
    return found


def flagged(person: Document, findings: list[Document]) -> bool:
    """Whether a finding by itself flags dismissal."""
    own = [one for one in findings if person["login"] in one["parties"]]
    return any(
        EVERY[one["item"]].rule == "dismiss"
        or (one["severity"] == "egregious" and int(one["item"]) in EGREGIOUS)
        or one["severity"] == "serious_complaint"
        for one in own
    )


def share(halves: int) -> str:
    """The pay share for a total in halves of a point, one comparison per line of the table."""
    if halves <= -21:
        return "0.5"
    if halves <= -15:
        return "0.8"
    if halves <= -11:
        return "0.9"
    if halves <= -6:
        return "0.95"
    if halves < 4:
        return "1"
    if halves <= 8:
        return "1.1"
    return "1.2"
