"""A plain model of one ticket, written from the regulations and not from the code: a dict, tables of words, arithmetic.

:func:`verdict` gives the expected answer to a command, :func:`carry_out` its effect, :func:`legal` the legal triggers.
"""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

Model = dict[str, Any]
Said = dict[str, Any]

SHANGHAI = ZoneInfo("Asia/Shanghai")
OPEN = ("received", "classified", "dispatched", "repaired")
LIVE = (*OPEN, "followed_up")
EVERYWHERE = (*LIVE, "cancelled")
FROM = {
    "classify": ("received",),
    "reclassify": ("classified", "dispatched"),
    "dispatch": ("classified",),
    "reassign": ("dispatched",),
    "decline": ("dispatched",),
    "accept": ("dispatched",),
    "start": ("dispatched",),
    "suspend": ("dispatched",),
    "resume": ("dispatched",),
    "complete": ("dispatched",),
    "settle": ("classified",),
    "follow_up": ("repaired",),
    "attempt_follow_up": ("repaired",),
    "close_unreached": ("repaired",),
    "reopen": ("followed_up",),
    "cancel": ("received", "classified", "dispatched"),
    "reply": ("received", "classified", "dispatched"),
    "schedule": ("classified", "dispatched"),
    "defer": ("received", "classified"),
    "escalate": OPEN,
    "urge": OPEN,
    "quote": ("dispatched",),
    "accept_quote": ("dispatched",),
    "decline_quote": ("dispatched",),
    "settle_charge": ("repaired", "followed_up"),
    "check_item": ("classified", "dispatched"),
    "order_rectification": ("classified", "dispatched", "repaired"),
    "confirm_rectification": ("classified", "dispatched", "repaired"),
    "approve_major_works": ("classified", "dispatched"),
    "judge_complaint": ("classified", "dispatched", "repaired"),
    "link": LIVE,
    "attach": LIVE,
    "correct": LIVE,
    "note": EVERYWHERE,
}
BOOKS = {
    "repair": "BX",
    "complaint": "TS",
    "assistance": "RC",
    "enquiry": "RC",
    "other": "RC",
    "renovation": "ZX",
    "move_in": "RH",
    "inspection": "XJ",
    "visit": "ZF",
}
BEFORE_DISPATCH = {"renovation": ["application", "drawings", "deposit", "commitment_letter", "permit_issued"]}
BEFORE_COMPLETION = {
    "renovation": ["accepted", "deposit_settled"],
    "move_in": ["identity_checked", "documents_signed", "keys_handed_over", "meters_read", "flat_inspected"],
}
DESK = ("enquiry", "assistance", "visit", "other")
LEVELS = ["supervisor", "director", "company"]
SERVICES = ("replace_tap", "replace_valve")
TEXTS = ("description", "reporter.name", "reporter.phone", "location.dwelling", "resolution")
CODES = (
    "channel",
    "urgency",
    "category",
    "location.area",
    "location.building",
    "location.entrance",
    "location.public_place",
)


def checklist(kind: str) -> list[str]:
    """Every item of a kind's checklist."""
    return [*BEFORE_DISPATCH.get(kind, ()), *BEFORE_COMPLETION.get(kind, ())]


def received(said: Said, at: datetime) -> Model:
    """A ticket just received."""
    place, reporter = said["location"] or {}, said["reporter"] or {}
    return {
        "state": "received",
        "kind": None,
        "facility": None,
        "last": at,
        "assignee": None,
        "accepted": False,
        "started": False,
        "suspended": False,
        "replied": False,
        "judged": False,
        "charge": None,
        "items": set(),
        "ordered": False,
        "attempts": [],
        "closed_at": None,
        "workers": set(),
        "settled_by": None,
        "level": None,
        "links": set(),
        "rework": 0,
        "values": {
            "channel": said["channel"],
            "urgency": said["urgency"],
            "category": None,
            "description": said["description"],
            "resolution": None,
            **{f"reporter.{name}": reporter.get(name) for name in ("name", "phone")},
            **{f"location.{n}": place.get(n) for n in ("area", "building", "entrance", "dwelling", "public_place")},
        },
    }


def is_night(at: datetime) -> bool:
    """Whether it is night: from 17:30 in winter, 18:00 from May to September, until 08:30. The evening decides the season."""
    local = at.astimezone(SHANGHAI)
    minutes = local.hour * 60 + local.minute
    evening = 18 * 60 if 5 <= local.month <= 9 else 17 * 60 + 30
    return minutes < 8 * 60 + 30 or minutes >= evening


def forbidden(m: Model, trigger: str, at: datetime) -> bool:
    """Whether a rule forbids the trigger now, whatever the command's data."""
    kind, charge = m["kind"], m["charge"]
    if kind is not None:
        if trigger == "settle" and kind not in (*DESK, "complaint"):
            return True
        if trigger == "check_item" and kind not in ("renovation", "move_in"):
            return True
        if trigger in ("order_rectification", "confirm_rectification") and kind not in ("renovation", "inspection"):
            return True
        if trigger == "judge_complaint" and kind != "complaint":
            return True
    match trigger:
        case "dispatch":
            return bool(set(BEFORE_DISPATCH.get(kind, ())) - m["items"])
        case "reassign":
            return m["started"] and not m["suspended"]
        case "decline" | "start":
            return bool(m["started"])
        case "accept":
            return bool(m["accepted"])
        case "suspend":
            return bool(m["suspended"])
        case "resume":
            return not m["suspended"]
        case "complete":
            unfinished = bool(set(BEFORE_COMPLETION.get(kind, ())) - m["items"])
            unanswered = kind == "complaint" and not m["replied"]
            return m["suspended"] or charge == "quoted" or unanswered or unfinished or (kind == "renovation" and m["ordered"])
        case "settle":
            return kind == "complaint" and not m["replied"]
        case "follow_up":
            return kind == "complaint" and not m["judged"]
        case "close_unreached":
            return len(m["attempts"]) < 3 or len({moment.astimezone(SHANGHAI).date() for moment in m["attempts"]}) < 3
        case "reopen":
            return at > m["closed_at"] + timedelta(days=30)
        case "defer":
            return not is_night(at) or m["values"]["urgency"] == "emergency"
        case "quote":
            return bool(charge == "accepted")
        case "accept_quote" | "decline_quote":
            return charge != "quoted"
        case "settle_charge":
            return charge != "accepted"
        case "order_rectification":
            return bool(m["ordered"])
        case "confirm_rectification":
            return not m["ordered"]
    return False


def legal(m: Model, at: datetime) -> list[str]:
    """The triggers legal now."""
    return [trigger for trigger, states in FROM.items() if m["state"] in states and not forbidden(m, trigger, at)]


def verdict(m: Model | None, trigger: str, said: Said, who: tuple[str, str | None], at: datetime) -> set[str]:
    """The expected answer: empty if accepted; else one of "said" (the command's data are wrong), "table" and "rule"."""
    if trigger == "receive":
        if m is not None:
            return {"table"}
        place, reporter = said["location"] or {}, said["reporter"] or {}
        somewhere = any(place.values()) or any(reporter.values())
        return {"said"} if not somewhere or (place.get("dwelling") and place.get("public_place")) else set()
    if m is None:
        return {"table"}
    if at < m["last"]:
        return {"said"}
    if m["state"] not in FROM[trigger]:
        return {"table"}
    if forbidden(m, trigger, at):
        return {"rule"}
    return {why for why, wrong in complaints(m, trigger, said, who, at) if wrong}


def complaints(m: Model, trigger: str, said: Said, who: tuple[str, str | None], at: datetime) -> list[tuple[str, Any]]:
    """Possible errors in a command's data, and whether each is present."""
    actor, behalf = who
    did_the_work = bool({actor, behalf} & m["workers"])
    match trigger:
        case "classify":
            return [("said", (said["kind"] == "repair") != (said["facility"] is not None))]
        case "reclassify":
            same = (said["kind"], said["category"], said["facility"]) == (m["kind"], m["values"]["category"], m["facility"])
            papers = m["state"] == "dispatched" and set(BEFORE_DISPATCH.get(said["kind"], ())) - m["items"]
            return [("said", (said["kind"] == "repair") != (said["facility"] is not None)), ("said", same), ("rule", papers)]
        case "dispatch" | "reassign":
            early = said["appointment_at"] is not None and said["appointment_at"] < at
            return [("said", early), ("said", trigger == "reassign" and assignee(said) == m["assignee"])]
        case "schedule":
            return [("said", said["appointment_at"] < at)]
        case "follow_up":
            spot = said["method"] == "on_the_spot"
            return [
                ("rule", spot and (m["kind"] not in DESK or m["settled_by"] != actor)),
                ("rule", not spot and did_the_work),
                ("said", said["satisfied"] and said["rating"] is None),
            ]
        case "attempt_follow_up":
            return [("rule", did_the_work), ("said", said["method"] == "on_the_spot")]
        case "close_unreached":
            return [("rule", did_the_work)]
        case "cancel":
            reason, other = said["reason"], said["duplicate_of"]
            return [
                ("rule", m["started"] and reason not in ("withdrawn", "quote_declined")),
                ("rule", reason == "quote_declined" and m["charge"] != "declined"),
                ("said", (reason == "duplicate") != (other is not None)),
                ("said", other in ("unknown", "itself")),
            ]
        case "escalate":
            level = said["level"]
            below = level and m["level"] and LEVELS.index(level) < LEVELS.index(m["level"])
            return [("said", (level is None) == (said["department"] is None)), ("rule", below)]
        case "quote":
            return [("said", any(line["code"] not in SERVICES for line in said["lines"]))]
        case "settle_charge":
            paid = said["outcome"] == "paid"
            return [("said", said["method"] is None if paid else said["method"] or said["receipt"])]
        case "check_item":
            return [
                ("said", said["item"] not in checklist(m["kind"])),
                ("said", said["defects"] and said["item"] != "flat_inspected"),
            ]
        case "order_rectification":
            return [("said", said["due_at"] <= at), ("said", said["scorecard_item"] and m["kind"] != "inspection")]
        case "approve_major_works":
            return [("said", said["agreed_due_at"] <= at)]
        case "judge_complaint":
            return [("said", said["reasonable"] and not (said["severity"] and said["fault"]))]
        case "link":
            return [("said", said["ticket"] in ("unknown", "itself") or (said["ticket"], said["relation"]) in m["links"])]
        case "correct":
            return [("said", miscorrected(m, said["field"], said["value"]))]
    return []


def miscorrected(m: Model, field: str, value: str | None) -> bool:
    """Whether a correction names a field that can't be corrected, changes nothing, or leaves something impossible."""
    if field not in (*TEXTS, *CODES):
        return True
    old = m["values"][field]
    if value is None:
        return old is None or field in ("description", "resolution", "channel", "urgency")
    if field == "resolution" and old is None:
        return True
    if field in CODES and value == old:
        return True
    if field == "channel" and value not in ("phone", "walk_in"):
        return True
    if field == "urgency" and value not in ("normal", "emergency"):
        return True
    other = {"location.dwelling": "location.public_place", "location.public_place": "location.dwelling"}.get(field)
    return other is not None and m["values"][other] is not None


def assignee(said: Said) -> tuple[str, str]:
    """The new assignee of the work order."""
    named = said["assignee"]
    return ("person", named) if isinstance(named, str) else (named["type"], named["id"])


def carry_out(m: Model, trigger: str, said: Said, who: tuple[str, str | None], at: datetime) -> None:
    """Apply an accepted command."""
    actor, behalf = who
    worker = behalf or actor
    m["last"] = at
    match trigger:
        case "classify" | "reclassify":
            m.update(state="classified" if trigger == "classify" else m["state"], kind=said["kind"], facility=said["facility"])
            m["values"]["category"] = said["category"]
        case "dispatch" | "reassign":
            m.update(state="dispatched", assignee=assignee(said), accepted=False, started=False, suspended=False)
        case "decline":
            m.update(state="classified", assignee=None, accepted=False, started=False, suspended=False)
        case "accept":
            m["accepted"] = True
        case "start":
            m["started"] = True
            m["workers"].add(worker)
        case "suspend" | "resume":
            m["suspended"] = trigger == "suspend"
        case "complete":
            m.update(state="repaired", attempts=[])
            m["workers"].add(worker)
            m["values"]["resolution"] = said["resolution"]
        case "settle":
            m.update(state="repaired", attempts=[], settled_by=actor)
            m["workers"].add(actor)
            m["values"]["resolution"] = said["resolution"]
        case "follow_up":
            if said["satisfied"]:
                m.update(state="followed_up", closed_at=at)
            else:
                m["rework"] += 1
                _anew(m)
        case "attempt_follow_up":
            m["attempts"].append(at)
        case "close_unreached":
            m.update(state="followed_up", closed_at=at)
        case "reopen":
            _anew(m)
        case "cancel":
            m.update(state="cancelled", suspended=False)
        case "reply":
            m["replied"] = True
        case "escalate":
            m["level"] = said["level"] or m["level"]
        case "quote":
            m["charge"] = "quoted"
        case "accept_quote" | "decline_quote":
            m["charge"] = {"accept_quote": "accepted", "decline_quote": "declined"}[trigger]
        case "settle_charge":
            m["charge"] = said["outcome"]
        case "check_item":
            m["items"].add(said["item"])
        case "order_rectification" | "confirm_rectification":
            m["ordered"] = trigger == "order_rectification"
        case "judge_complaint":
            m["judged"] = True
        case "link":
            m["links"].add((said["ticket"], said["relation"]))
        case "correct":
            m["values"][said["field"]] = said["value"]


def _anew(m: Model) -> None:
    nobody = {"assignee": None, "accepted": False, "started": False, "suspended": False}
    m.update(state="classified", workers=set(), settled_by=None, closed_at=None, **nobody)
