"""The authority table: one table decides (right, roles, relation); API, pages, documents and tests derive from it.

✓ in own communities · o own: assigned to me, or mine · a own area · h while I hold the shift or stand in for its officer · 2 I
may request it, and another person with ✓ or 2 in the same row approves · m personal data masked · s about myself · + staff: about
anybody but a director · closed: of months that are closed · – refused. ``admin`` manages accounts and configuration, has no
column and holds no business right.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from domain.kernel.errors import NotAllowed
from domain.kernel.terms import ChargeOutcome, Role, Trigger


class Need(StrEnum):
    """A relation between person and thing that a cell may require."""

    OWN = "own"
    OWN_AREA = "own_area"
    ON_DUTY = "on_duty"
    NIGHT = "night"
    TO_SELF_OR_SECURITY = "to_self_or_security"
    EMERGENCY = "emergency"
    STANDS_IN = "stands_in"
    FOR_COMPANY = "inspection_or_company"
    FOR_RESIDENTS = "residents"
    EVALUATES_SELF = "self"
    EVALUATES_PEER = "peer"
    EVALUATES_BELOW = "superior"
    LINK = "link"
    ABOUT_SELF = "about_self"
    ABOUT_STAFF = "about_staff"
    CLOSED = "closed"


class Mode(StrEnum):
    """What a cell gives."""

    FULL = "full"
    SECOND = "second"
    MASKED = "masked"


@dataclass(frozen=True, slots=True)
class Given:
    """A grant within a cell: ``mode``, provided that all ``needs`` hold."""

    mode: Mode = Mode.FULL
    needs: frozenset[Need] = frozenset()


def _given(*needs: Need, mode: Mode = Mode.FULL) -> Given:
    return Given(mode, frozenset(needs))


_OWN, _DUTY = _given(Need.OWN), _given(Need.ON_DUTY)
_AID = _given(Need.STANDS_IN, Need.EMERGENCY)
CELLS: Mapping[str, tuple[Given, ...]] = MappingProxyType(
    {
        "–": (),
        "✓": (_given(),),
        "a": (_given(Need.OWN_AREA),),
        "o": (_OWN,),
        "h": (_DUTY,),
        "h, o": (_DUTY, _OWN),
        "✓ while h": (_DUTY,),
        "✓ while h; o": (_DUTY, _OWN),
        "h, night": (_given(Need.ON_DUTY, Need.NIGHT),),
        "h, to self or security; an emergency at night, or standing in, to anybody": (
            _given(Need.ON_DUTY, Need.TO_SELF_OR_SECURITY),
            _given(Need.ON_DUTY, Need.NIGHT, Need.EMERGENCY),
            _AID,
        ),
        "an emergency, standing in": (_AID,),
        "✓ inspection, company": (_given(Need.FOR_COMPANY),),
        "o: link": (_given(Need.OWN, Need.LINK),),
        "self, peer": (_given(Need.EVALUATES_SELF), _given(Need.EVALUATES_PEER)),
        "self, superior": (_given(Need.EVALUATES_SELF), _given(Need.EVALUATES_BELOW)),
        "residents, superior": (_given(Need.FOR_RESIDENTS), _given(Need.EVALUATES_BELOW)),
        "o, stand-in": (_OWN,),
        "o (cover)": (_OWN,),
        "2": (_given(mode=Mode.SECOND),),
        "m": (_given(mode=Mode.MASKED),),
        "✓, m": (_given(), _given(mode=Mode.MASKED)),
        "s": (_given(Need.ABOUT_SELF),),
        "s + staff": (_given(Need.ABOUT_SELF), _given(Need.ABOUT_STAFF)),
        "closed, all": (_given(Need.CLOSED),),
    }
)
"""The meaning of each cell's text."""

COLUMNS = (
    Role.ASSISTANT,
    Role.BUTLER,
    Role.TECHNICIAN,
    Role.CONTROL_ROOM,
    Role.SECURITY,
    Role.SUPERVISOR,
    Role.DIRECTOR,
    Role.FINANCE,
    Role.HR,
    Role.APPRAISER,
    Role.AUDITOR,
    Role.PRIVACY_OFFICER,
)


class Right(StrEnum):
    """The rows of the table."""

    RECEIVE = "receive"
    NOTE_ATTACH = "note_attach"
    CLASSIFY = "classify"
    REPLY_SCHEDULE = "reply_schedule"
    SETTLE = "settle"
    RECLASSIFY_CHECK_LINK = "reclassify_check_item_link"
    DISPATCH = "dispatch_reassign"
    WORK = "work"
    QUOTE = "quote"
    ANSWER_QUOTE = "answer_quote"
    SETTLE_CHARGE_PAID = "settle_charge_paid"
    SETTLE_CHARGE_WAIVED = "settle_charge_waived"
    FOLLOW_UP = "follow_up"
    REOPEN_CANCEL_CORRECT = "reopen_cancel_correct"
    DEFER = "defer"
    ESCALATE = "escalate"
    URGE = "urge"
    LATE_ENTRY = "late_entry"
    LONG_LATE_ENTRY = "long_late_entry"
    IMPORT = "import"
    APPROVE_MAJOR_WORKS = "approve_major_works"
    JUDGE_COMPLAINT = "judge_complaint"
    RECTIFICATION = "rectification"
    SHIFT = "shift"
    TAKE_OVER = "take_over"
    ATTENDANCE = "attendance"
    PRICE_LIST = "price_list"
    RECORD_FINDING = "record_finding"
    DECIDE_FINDING = "decide_finding"
    CONTEST_FINDING = "contest_finding"
    REVIEW_FINDING = "review_finding"
    READ_TALLIES = "read_tallies"
    READ = "read"
    OPEN_PERSONAL = "open_personal"
    AUDIT = "audit"
    ACCESS_LOG = "access_log"
    DISCLOSE = "disclose"
    ERASE = "erase"
    METRICS = "metrics"
    WARNINGS = "warnings"
    EVALUATIONS = "evaluations"


_TABLE = """
receive                    | ✓ | a | h            | ✓         | h            | ✓ | ✓ | – | – | ✓ inspection, company | – | –
note_attach                | ✓ | a | h, o         | ✓         | h, o         | ✓ | ✓ | – | – | ✓ | – | –
classify                   | ✓ | a | h            | h         | an emergency, standing in | ✓ | ✓ | – | – | – | – | –
reply_schedule             | ✓ | a | h, o         | h         | –            | ✓ | ✓ | – | – | – | – | –
settle                     | ✓ | a | h            | –         | –            | ✓ | ✓ | – | – | – | – | –
reclassify_check_item_link | ✓ | a | o: link      | –         | –            | ✓ | ✓ | – | – | – | – | –
dispatch_reassign          | ✓ | a | h, to self or security; an emergency at night, or standing in, to anybody | h | \
an emergency, standing in | ✓ | ✓ | – | – | – | – | –
work                       | o | o | o            | –         | o            | o | o | – | – | – | – | –
quote                      | – | – | o            | –         | –            | ✓ | ✓ | – | – | – | – | –
answer_quote               | ✓ | a | o            | –         | –            | ✓ | ✓ | – | – | – | – | –
settle_charge_paid         | ✓ | – | –            | –         | –            | ✓ | ✓ | ✓ | – | – | – | –
settle_charge_waived       | – | – | –            | –         | –            | – | ✓ | – | – | – | – | –
follow_up                  | ✓ | a | –            | –         | –            | ✓ | ✓ | – | – | – | – | –
reopen_cancel_correct      | ✓ | a | –            | –         | –            | ✓ | ✓ | – | – | – | – | –
defer                      | – | – | h, night     | h, night  | –            | – | – | – | – | – | – | –
escalate                   | ✓ | a | h, o         | h         | h            | ✓ | ✓ | – | – | – | – | –
urge                       | – | – | –            | –         | –            | ✓ | ✓ | – | – | – | – | –
late_entry                 | ✓ | a | –            | –         | –            | ✓ | ✓ | – | – | – | – | –
long_late_entry            | 2 | – | –            | –         | –            | 2 | 2 | – | – | – | – | –
import                     | – | – | –            | –         | –            | 2 | 2 | – | – | – | – | –
approve_major_works        | 2 | – | –            | –         | –            | 2 | 2 | – | – | – | – | –
judge_complaint            | – | – | –            | –         | –            | ✓ | ✓ | – | – | ✓ | – | –
rectification              | – | – | –            | –         | –            | ✓ | ✓ | – | – | ✓ | – | –
shift                      | o | – | o            | o         | o, stand-in  | o (cover) | o (cover) | – | – | – | – | –
take_over                  | – | – | –            | –         | –            | ✓ | ✓ | – | – | – | – | –
attendance                 | – | – | –            | –         | –            | ✓ | ✓ | – | ✓ | ✓ | ✓ | –
price_list                 | – | – | –            | –         | –            | – | 2 | – | – | 2 | – | –
record_finding             | – | – | –            | –         | –            | ✓ | ✓ | – | – | ✓ | – | –
decide_finding             | – | – | –            | –         | –            | – | ✓ | – | – | ✓ | – | –
contest_finding            | s | s | s            | s         | s            | s | s | s | s | – | – | –
review_finding             | – | – | –            | –         | –            | – | 2 | – | – | 2 | – | –
read_tallies               | s | s | s            | s         | s            | s + staff | ✓ | s | closed, all | ✓ | ✓ | s
read                       | ✓ | a | ✓ while h; o | ✓         | ✓ while h    | ✓ | ✓ | m | – | m | m | m
open_personal              | ✓ | a | ✓ while h; o | ✓ while h | –            | ✓ | ✓ | m | – | m | m | ✓
audit                      | – | – | –            | –         | –            | ✓ | ✓ | – | – | ✓, m | ✓, m | –
access_log                 | – | – | –            | –         | –            | – | – | – | – | – | ✓ | ✓
disclose                   | – | – | –            | –         | –            | – | 2 | – | – | – | – | 2
erase                      | – | – | –            | –         | –            | – | 2 | – | – | – | – | 2
metrics                    | – | – | –            | –         | –            | ✓ | ✓ | ✓ | – | ✓ | – | –
warnings                   | – | – | –            | –         | –            | – | ✓ | – | ✓ | ✓ | – | –
evaluations                | self, peer | self, peer | self, peer | self, peer | self, peer | self, superior | self, superior | \
self, peer | self, peer | residents, superior | – | –
"""


def _parse(text: str) -> Mapping[Right, Mapping[Role, str]]:
    table: dict[Right, Mapping[Role, str]] = {}
    for line in text.strip().splitlines():
        name, *cells = (part.strip() for part in line.split("|"))
        table[Right(name)] = MappingProxyType(dict(zip(COLUMNS, cells, strict=True)))
    return MappingProxyType(table)


TABLE = _parse(_TABLE)
"""The authority table: right → role → cell."""

_RIGHTS: Mapping[Trigger, Right] = MappingProxyType(
    {
        Trigger.RECEIVE: Right.RECEIVE,
        Trigger.NOTE: Right.NOTE_ATTACH,
        Trigger.ATTACH: Right.NOTE_ATTACH,
        Trigger.CLASSIFY: Right.CLASSIFY,
        Trigger.REPLY: Right.REPLY_SCHEDULE,
        Trigger.SCHEDULE: Right.REPLY_SCHEDULE,
        Trigger.SETTLE: Right.SETTLE,
        Trigger.RECLASSIFY: Right.RECLASSIFY_CHECK_LINK,
        Trigger.CHECK_ITEM: Right.RECLASSIFY_CHECK_LINK,
        Trigger.LINK: Right.RECLASSIFY_CHECK_LINK,
        Trigger.DISPATCH: Right.DISPATCH,
        Trigger.REASSIGN: Right.DISPATCH,
        **dict.fromkeys(
            (Trigger.ACCEPT, Trigger.DECLINE, Trigger.START, Trigger.SUSPEND, Trigger.RESUME, Trigger.COMPLETE), Right.WORK
        ),
        Trigger.QUOTE: Right.QUOTE,
        Trigger.ACCEPT_QUOTE: Right.ANSWER_QUOTE,
        Trigger.DECLINE_QUOTE: Right.ANSWER_QUOTE,
        Trigger.FOLLOW_UP: Right.FOLLOW_UP,
        Trigger.ATTEMPT_FOLLOW_UP: Right.FOLLOW_UP,
        Trigger.CLOSE_UNREACHED: Right.FOLLOW_UP,
        Trigger.REOPEN: Right.REOPEN_CANCEL_CORRECT,
        Trigger.CANCEL: Right.REOPEN_CANCEL_CORRECT,
        Trigger.CORRECT: Right.REOPEN_CANCEL_CORRECT,
        Trigger.DEFER: Right.DEFER,
        Trigger.ESCALATE: Right.ESCALATE,
        Trigger.URGE: Right.URGE,
        Trigger.APPROVE_MAJOR_WORKS: Right.APPROVE_MAJOR_WORKS,
        Trigger.JUDGE_COMPLAINT: Right.JUDGE_COMPLAINT,
        Trigger.ORDER_RECTIFICATION: Right.RECTIFICATION,
        Trigger.CONFIRM_RECTIFICATION: Right.RECTIFICATION,
    }
)


def right_of(trigger: Trigger, charge: ChargeOutcome | None = None) -> Right:
    """The row of a trigger. Settling a charge has two rows, by its outcome."""
    if trigger is Trigger.SETTLE_CHARGE:
        return Right.SETTLE_CHARGE_WAIVED if charge is ChargeOutcome.WAIVED else Right.SETTLE_CHARGE_PAID
    return _RIGHTS[trigger]


@dataclass(frozen=True, slots=True)
class Held:
    """A role that a person holds in a community now, with the areas assigned under it."""

    role: Role
    areas: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Relation:
    """A person's relation to a thing: the needs that hold, and the thing's area."""

    holds: frozenset[Need] = frozenset()
    area: str | None = None


def weigh(right: Right, roles: Iterable[Held], relation: Relation) -> Mode | None:
    """The best mode that any role gives, FULL before SECOND before MASKED; None is a refusal."""
    best: Mode | None = None
    for held in roles:
        if held.role is Role.ADMIN:
            continue
        holds = relation.holds | {Need.OWN_AREA} if relation.area in held.areas else relation.holds
        for given in CELLS[TABLE[right][held.role]]:
            if given.needs <= holds and (best is None or _RANK[given.mode] > _RANK[best]):
                best = given.mode
    return best


_RANK = {Mode.MASKED: 0, Mode.SECOND: 1, Mode.FULL: 2}


def allow(right: Right, command: str, roles: Sequence[Held], relation: Relation) -> Mode:
    """The mode that the table gives a command, FULL or SECOND. Raises NotAllowed, naming the roles that may."""
    mode = weigh(right, roles, relation)
    if mode is None or mode is Mode.MASKED:
        raise denied(right, command, roles)
    return mode


def may_approve(right: Right, roles: Iterable[Held], relation: Relation) -> bool:
    """Whether the row lets a person approve as the second person."""
    return weigh(right, roles, relation) in (Mode.FULL, Mode.SECOND)


def denied(right: Right, command: str, roles: Iterable[Held]) -> NotAllowed:
    """The refusal, naming the roles that may."""
    allowed = [f"{role.value} ({cell})" for role, cell in TABLE[right].items() if cell != "–"]
    return NotAllowed(command, sorted(held.role.value for held in roles), allowed)
