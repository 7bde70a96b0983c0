"""The authority table typed a second time, with an oracle that reads its cells in the plainest way.

The code is held against it: nothing here comes from ``domain.people.authority``.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

ROLES = (
    "assistant",
    "butler",
    "technician",
    "control_room",
    "security",
    "supervisor",
    "director",
    "finance",
    "hr",
    "appraiser",
    "auditor",
    "privacy_officer",
)

WRITTEN = """
| receive | ✓ | a | h | ✓ | h | ✓ | ✓ | – | – | ✓ inspection, company | – | – |
| note, attach | ✓ | a | h, o | ✓ | h, o | ✓ | ✓ | – | – | ✓ | – | – |
| classify | ✓ | a | h | h | an emergency, standing in | ✓ | ✓ | – | – | – | – | – |
| reply, schedule | ✓ | a | h, o | h | – | ✓ | ✓ | – | – | – | – | – |
| settle | ✓ | a | h | – | – | ✓ | ✓ | – | – | – | – | – |
| reclassify, check_item, link | ✓ | a | o: link | – | – | ✓ | ✓ | – | – | – | – | – |
| dispatch, reassign | ✓ | a | h, to self or security; an emergency at night, or standing in, to anybody | h | \
an emergency, standing in | ✓ | ✓ | – | – | – | – | – |
| accept, decline, start, suspend, resume, complete | o | o | o | – | o | o | o | – | – | – | – | – |
| quote | – | – | o | – | – | ✓ | ✓ | – | – | – | – | – |
| accept_quote, decline_quote | ✓ | a | o | – | – | ✓ | ✓ | – | – | – | – | – |
| settle_charge paid | ✓ | – | – | – | – | ✓ | ✓ | ✓ | – | – | – | – |
| settle_charge waived | – | – | – | – | – | – | ✓ | – | – | – | – | – |
| follow_up, attempt_follow_up, close_unreached | ✓ | a | – | – | – | ✓ | ✓ | – | – | – | – | – |
| reopen, cancel, correct | ✓ | a | – | – | – | ✓ | ✓ | – | – | – | – | – |
| defer | – | – | h, night | h, night | – | – | – | – | – | – | – | – |
| escalate | ✓ | a | h, o | h | h | ✓ | ✓ | – | – | – | – | – |
| urge | – | – | – | – | – | ✓ | ✓ | – | – | – | – | – |
| late entry up to 24 h | ✓ | a | – | – | – | ✓ | ✓ | – | – | – | – | – |
| late entry over 24 h | 2 | – | – | – | – | 2 | 2 | – | – | – | – | – |
| import a foreign log | – | – | – | – | – | 2 | 2 | – | – | – | – | – |
| approve_major_works | 2 | – | – | – | – | 2 | 2 | – | – | – | – | – |
| judge_complaint | – | – | – | – | – | ✓ | ✓ | – | – | ✓ | – | – |
| order_rectification, confirm_rectification | – | – | – | – | – | ✓ | ✓ | – | – | ✓ | – | – |
| shift: open, substitute, return | o | – | o | o | o, stand-in | o (cover) | o (cover) | – | – | – | – | – |
| shift: take_over | – | – | – | – | – | ✓ | ✓ | – | – | – | – | – |
| attendance list | – | – | – | – | – | ✓ | ✓ | – | ✓ | ✓ | ✓ | – |
| price list | – | – | – | – | – | – | 2 | – | – | 2 | – | – |
| finding: record | – | – | – | – | – | ✓ | ✓ | – | – | ✓ | – | – |
| finding: confirm, waive | – | – | – | – | – | – | ✓ | – | – | ✓ | – | – |
| finding: contest | s | s | s | s | s | s | s | s | s | – | – | – |
| finding: uphold, revoke; bonus points; close month | – | – | – | – | – | – | 2 | – | – | 2 | – | – |
| metrics, register check | – | – | – | – | – | ✓ | ✓ | ✓ | – | ✓ | – | – |
| warnings, probation results | – | – | – | – | – | – | ✓ | – | ✓ | ✓ | – | – |
| read tallies | s | s | s | s | s | s + staff | ✓ | s | closed, all | ✓ | ✓ | s |
| read | ✓ | a | ✓ while h; o | ✓ | ✓ while h | ✓ | ✓ | m | – | m | m | m |
| open residents' data | ✓ | a | ✓ while h; o | ✓ while h | – | ✓ | ✓ | m | – | m | m | ✓ |
| audit | – | – | – | – | – | ✓ | ✓ | – | – | ✓, m | ✓, m | – |
| access log | – | – | – | – | – | – | – | – | – | – | ✓ | ✓ |
| disclose to police | – | – | – | – | – | – | 2 | – | – | – | – | 2 |
| erase a subject | – | – | – | – | – | – | 2 | – | – | – | – | 2 |
| evaluations | self, peer | self, peer | self, peer | self, peer | self, peer | self, superior | self, superior | \
self, peer | self, peer | residents, superior | – | – |
"""


def _rows() -> Mapping[str, Mapping[str, str]]:
    rows: dict[str, Mapping[str, str]] = {}
    for line in WRITTEN.strip().splitlines():
        name, *cells = (part.strip() for part in line.strip("|").split("|"))
        rows[name] = dict(zip(ROLES, cells, strict=True))
    return rows


ROWS = _rows()


def row_of(command: str) -> str:
    """The row that names a command."""
    [found] = [row for row in ROWS if command in (part.strip() for part in row.split(","))]
    return found


@dataclass(frozen=True)
class Standing:
    """A person's relation to a ticket, in the words of the table."""

    assigned: bool = False
    own_area: bool = False
    on_duty: bool = False
    night: bool = False
    to_self_or_security: bool = False
    emergency: bool = False
    stands_in: bool = False
    channel: str = "phone"
    command: str = ""
    evaluation: str = ""
    about_oneself: bool = False
    about_staff: bool = False
    closed: bool = False


READINGS: Mapping[str, Callable[[Standing], str]] = {
    "–": lambda s: "no",
    "✓": lambda s: "yes",
    "2": lambda s: "two",
    "m": lambda s: "masked",
    "s": lambda s: "yes" if s.about_oneself else "no",
    "s + staff": lambda s: "yes" if s.about_oneself or s.about_staff else "no",
    "closed, all": lambda s: "yes" if s.closed else "no",
    "✓, m": lambda s: "yes",
    "a": lambda s: "yes" if s.own_area else "no",
    "o": lambda s: "yes" if s.assigned else "no",
    "h": lambda s: "yes" if s.on_duty else "no",
    "h, o": lambda s: "yes" if s.on_duty or s.assigned else "no",
    "✓ while h": lambda s: "yes" if s.on_duty else "no",
    "✓ while h; o": lambda s: "yes" if s.on_duty or s.assigned else "no",
    "h, night": lambda s: "yes" if s.on_duty and s.night else "no",
    "h, to self or security; an emergency at night, or standing in, to anybody": lambda s: (
        "yes" if (s.on_duty and s.to_self_or_security) or (s.emergency and ((s.on_duty and s.night) or s.stands_in)) else "no"
    ),
    "an emergency, standing in": lambda s: "yes" if s.emergency and s.stands_in else "no",
    "✓ inspection, company": lambda s: "yes" if s.channel in ("inspection", "company") else "no",
    "o: link": lambda s: "yes" if s.assigned and s.command == "link" else "no",
    "o, stand-in": lambda s: "yes" if s.assigned else "no",
    "o (cover)": lambda s: "yes" if s.assigned else "no",
    "self, peer": lambda s: "yes" if s.evaluation in ("self", "peer") else "no",
    "self, superior": lambda s: "yes" if s.evaluation in ("self", "superior") else "no",
    "residents, superior": lambda s: "yes" if s.evaluation in ("residents", "superior") else "no",
}

BEST = ("yes", "two", "masked", "no")


def answer(row: str, roles: Collection[str], standing: Standing) -> str:
    """yes, two (a second person is needed), masked or no: the best that any of the roles gives; ``admin`` gives nothing."""
    given = {READINGS[ROWS[row][role]](standing) for role in roles if role != "admin"}
    return next(best for best in BEST if best in given or best == "no")
