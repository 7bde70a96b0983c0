"""Rules about shifts beyond the lifecycle table: who may take a trigger, when, and in which circumstances (D1 4.1.3; D5)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from domain.duty.handover_sheet import Difference, Sheet, StaleSheet
from domain.duty.lifecycle import legal, step
from domain.duty.shift import Shift, ShiftState
from domain.kernel.aggregate import Meta, occurred
from domain.kernel.errors import Conflict, NotAllowed, Refusal, RuleRefused, invalid
from domain.kernel.request import Request
from domain.kernel.terms import DutyPeriod, Role, ShiftTrigger
from domain.people.authority import Held, Need, Relation, Right, denied, weigh
from domain.people.directory import Directory
from domain.people.person_rules import PersonRule, conflict
from domain.rules.duty_calendar import Span, minutes_late, period_at, period_taken, utc
from domain.rules.policy import DutyTimes

POSTS = (Role.ASSISTANT, Role.TECHNICIAN, Role.CONTROL_ROOM)
"""Roles whose post is the desk in some period (D5 二); security may only stand in for them (D5 六)."""
HOLDERS = (*POSTS, Role.SUPERVISOR, Role.DIRECTOR)
"""Roles that may hold the desk as its officer; supervisors and directors cover (顶班), and the other reads their shift."""
STAND_INS = (Role.SECURITY, *HOLDERS)
"""Roles that may stand in for the officer: security, and all roles that may hold the desk (D5 六)."""
INCOMING = (ShiftTrigger.SIGN_IN, ShiftTrigger.DISPUTE)
OVERSEEN = (ShiftTrigger.TAKE_OVER, ShiftTrigger.REVIEW)
"""Triggers of supervisors and directors."""


def right_of(trigger: ShiftTrigger) -> Right:
    """The authority row for a trigger."""
    return Right.TAKE_OVER if trigger in OVERSEEN else Right.SHIFT


def post_of(period: DutyPeriod, duty: DutyTimes) -> Role:
    """The role that holds the desk in a period (D5 二; the night's is configured)."""
    return Role(duty.night_post) if period is DutyPeriod.NIGHT else Role.ASSISTANT


def may(shift: ShiftState, trigger: ShiftTrigger, login: str, roles: Sequence[Held]) -> bool:
    """Whether authority lets a person take a trigger on a shift, given their relation to it.

    The shift is the officer's own, or the control room's while it has the phone. For log lines and the return it is also the
    stand-in's; for signing in and disputing, that of anybody who may hold the desk; for an arrival, theirs and the officer's.
    """
    holders = (shift.officer, shift.phone_with)
    if trigger in OVERSEEN:
        return weigh(Right.TAKE_OVER, roles, Relation()) is not None
    if trigger in INCOMING:
        own = may_open(roles)
    elif trigger is ShiftTrigger.ARRIVE:
        own = login == shift.acting or (login not in holders and may_open(roles))
    elif trigger is ShiftTrigger.LOG:
        own = login in (*holders, shift.stand_in)
    elif trigger is ShiftTrigger.RETURN_TO_POST:
        own = login in (shift.officer, shift.stand_in)
    elif trigger is ShiftTrigger.CONFIRM_STAND_IN:
        own = login == shift.stand_in
    elif trigger in (ShiftTrigger.SWITCH_PHONE, ShiftTrigger.SUBSTITUTE):
        own = login in holders
    else:
        own = login == shift.acting
    return weigh(Right.SHIFT, roles, Relation(frozenset({Need.OWN} if own else ()))) is not None


ShiftRule = PersonRule[ShiftState, ShiftTrigger]
PERSON_RULES: tuple[ShiftRule, ...] = (
    PersonRule(
        "reviewed_by_another",
        "D1 4.1.4",
        "nobody reviews a shift they held",
        frozenset({ShiftTrigger.REVIEW}),
        lambda shift, _, login: login in (shift.officer, shift.phone_with),
    ),
    PersonRule(
        "signed_by_another",
        "D1 4.1.3",
        "the incoming officer is another person than the outgoing one",
        frozenset(INCOMING),
        lambda shift, _, login: login in (shift.officer, shift.phone_with),
    ),
)
"""People who must not take a trigger on a shift, whatever their right."""


def barred(shift: ShiftState, trigger: ShiftTrigger, login: str, roles: Sequence[Held]) -> NotAllowed | None:
    """The refusal by authority, or by a rule about the person, in any state of the shift; None if neither forbids it."""
    if not may(shift, trigger, login, roles):
        return denied(right_of(trigger), trigger.value, roles)
    rule = conflict(PERSON_RULES, shift, trigger, login)
    return rule.refusal(trigger.value, (held.role.value for held in roles), ["another person"]) if rule else None


def refused(shift: ShiftState, trigger: ShiftTrigger, rule: str, clause: str, detail: str) -> RuleRefused:
    """A rule's refusal, with the legal triggers."""
    return RuleRefused(rule, clause, detail, shift.status.value, trigger.value, [t.value for t in legal(shift.status)])


def stale(shift: ShiftState, sheet: Sheet, since: Difference, trigger: ShiftTrigger) -> StaleSheet:
    """The refusal of a signature over a sheet after which the unfinished tickets changed, with the legal triggers."""
    return StaleSheet(sheet, since, trigger.value, [t.value for t in legal(shift.status)])


def officer_at_post(shift: ShiftState, trigger: ShiftTrigger) -> None:
    """Refuse a trigger while another person stands in for the officer (D5 六)."""
    if shift.absence is not None:
        detail = f"{shift.stand_in or 'nobody with a login'} stands in for the officer, who must return to the post first"
        raise refused(shift, trigger, "back_at_post", "D5 六", detail)


def hindered(shift: ShiftState, trigger: ShiftTrigger, directory: Directory, at: datetime) -> None:
    """Refuse a trigger that the shift's circumstances forbid, whatever the command's data."""
    match trigger:
        case ShiftTrigger.EXTEND:
            assert shift.until is not None
            duty = directory.policy_of(shift.community).duty
            held = period_at(shift.until - timedelta(microseconds=1), directory.zone(shift.community), duty)
            if at < utc(held.start):
                raise refused(shift, trigger, "extended_once", "D5 二", "the period held last has not begun yet")
        case ShiftTrigger.CONFIRM_STAND_IN if shift.absence is None or shift.absence.confirmed_at is not None:
            raise refused(shift, trigger, "stand_in_waits", "D5 六", "no stand-in waits to confirm")
        case ShiftTrigger.RETURN_TO_POST if shift.absence is None:
            raise refused(shift, trigger, "stood_in_for", "D5 六", "nobody stands in for the officer, who is at the post already")
        case ShiftTrigger.SWITCH_PHONE | ShiftTrigger.PREPARE_HANDOVER:
            officer_at_post(shift, trigger)
        case ShiftTrigger.SIGN_OUT:
            officer_at_post(shift, trigger)
            if shift.sheet is not None and shift.sheet.signed_out is not None:
                by = shift.sheet.signed_out.by
                raise Conflict("sheet", f"already signed by {by}", {"signed_out": by})
        case ShiftTrigger.SIGN_IN if shift.sheet is not None and shift.sheet.signed_out is None:
            raise refused(shift, trigger, "signed_out_first", "D1 4.1.3", "the outgoing officer must sign first")


@dataclass(frozen=True, slots=True)
class Offer:
    """A trigger, and its refusal; None if it may be taken."""

    trigger: ShiftTrigger
    refusal: Refusal | None


def offers(shift: ShiftState, login: str, roles: Sequence[Held], directory: Directory, at: datetime) -> list[Offer]:
    """Every trigger on an open shift, with the refusal by authority, lifecycle or rules."""
    found = []
    for trigger in ShiftTrigger:
        if trigger is ShiftTrigger.OPEN:
            continue
        refusal: Refusal | None = None
        try:
            against_person = barred(shift, trigger, login, roles)
            if against_person is not None:
                raise against_person
            step(shift.status, trigger)
            hindered(shift, trigger, directory, at)
        except Refusal as against:
            refusal = against
        found.append(Offer(trigger, refusal))
    return found


def may_open(roles: Sequence[Held]) -> bool:
    """Whether a person may hold the desk."""
    return any(held.role in HOLDERS for held in roles)


def sheet_seen(shift: ShiftState, seen: str | None) -> Sheet:
    """The sheet being signed. Raises Conflict if the signer saw another one."""
    sheet = shift.sheet
    if sheet is None or (seen is not None and seen != sheet.hash):
        raise Conflict("sheet", "another sheet has been prepared since", {"hash": sheet.hash if sheet else ""})
    return sheet


def moment_of(directory: Directory, shift: ShiftState, trigger: ShiftTrigger, request: Request, now: datetime) -> datetime:
    """The moment of a command. Only log lines may be late; all else is entered when it happens.

    Never before the shift's last event, so that a machine whose clock is behind does not reverse the order.
    """
    terms = directory.policy_of(shift.community).entry
    at = request.occurred_at or now
    if trigger is not ShiftTrigger.LOG:
        if at > now + timedelta(minutes=terms.skew_minutes):
            raise invalid("/occurred_at", f"must not be in the future; now is {now.isoformat()}")
        late = terms.skew_minutes if trigger is ShiftTrigger.ARRIVE else terms.late_minutes
        if now - at > timedelta(minutes=late):
            raise invalid("/occurred_at", "must be now; only lines of the duty log may be entered late")
    return max(utc(min(at, now)), shift.occurred_at or utc(now))


def arrival(
    directory: Directory, shift: ShiftState, by: str, officer: str, arrived_at: datetime | None, now: datetime
) -> datetime:
    """When an officer arrived: now or, on the outgoing officer's word, since that officer opened the shift (D5 八)."""
    holders = (shift.officer, shift.phone_with)
    if officer in holders:
        raise invalid("/officer", f"{officer} holds the desk already")
    if not may_open(directory.roles(officer, shift.community, now)):
        raise invalid("/officer", "no one with that login may hold the desk here")
    skew = timedelta(minutes=directory.policy_of(shift.community).entry.skew_minutes)
    earlier = arrived_at is not None and arrived_at < now - skew
    if by not in holders and (officer != by or earlier):
        detail = "the moment is the server's; an earlier one, or another person's arrival, is entered by the outgoing officer"
        raise refused(shift, ShiftTrigger.ARRIVE, "arrival_witnessed", "D5 八", detail)
    known = shift.arrival(officer)
    if known is not None and not earlier:
        raise Conflict("arrival", f"{officer} arrived at {known.at.isoformat()}", {"arrived_at": known.at.isoformat()})
    earliest = shift.opened_at or now
    if arrived_at is not None and not earliest <= arrived_at <= now + skew:
        raise invalid("/arrived_at", f"must be between {earliest.isoformat()} and now, {now.isoformat()}")
    return utc(min(arrived_at or now, now))


def span_taken(directory: Directory, community: str, at: datetime) -> Span:
    """The period for which an officer takes the desk at a moment."""
    policy = directory.policy_of(community)
    lead = timedelta(minutes=policy.handover.lead_minutes)
    return period_taken(at, directory.zone(community), policy.duty, lead)


def late_minutes(
    directory: Directory, community: str, officer: str, due: str | None, span: Span, arrived: datetime, before: Sequence[str]
) -> int:
    """Minutes by which an officer is late for a period that the officers in ``before`` already held in part (D5 八).

    The rostered person is late, unless they held part of the period. Someone who steps in for them is never late. If nobody was
    rostered, nobody is late for a period that was already held in part.
    """
    if officer in before or (due is None and before) or due not in (None, officer):
        return 0
    return minutes_late(arrived, span.start, timedelta(minutes=directory.policy_of(community).handover.arrive_before_minutes))


def opened(
    directory: Directory,
    community: str,
    shift: UUID,
    roles: Sequence[Held],
    span: Span,
    at: datetime,
    meta: Meta,
    arrived: datetime,
    late: int,
    follows: UUID | None,
) -> Shift.ShiftOpened:
    """The opening event of the actor's new shift."""
    post = post_of(span.period, directory.policy_of(community).duty)
    held = {role.role for role in roles}
    return occurred(
        Shift.ShiftOpened,
        shift,
        1,
        at,
        meta,
        community=community,
        officer=meta.actor,
        post=post if post in held else next((own for own in POSTS if own in held), post),
        period=span.period,
        starts_at=utc(span.start),
        until=utc(span.end),
        arrived_at=arrived,
        late_minutes=late,
        follows=follows,
        names_due=True,
    )


def is_cover(shift: ShiftState, roles: Sequence[Held], span: Span, directory: Directory) -> bool:
    """Whether an extension into a period is cover (顶班): it is the period of another post, or the officer is there too long."""
    policy = directory.policy_of(shift.community)
    assert shift.starts_at is not None
    longest = timedelta(minutes=policy.handover.cover_after_minutes)
    return post_of(span.period, policy.duty) not in {held.role for held in roles} or utc(span.end) - shift.starts_at > longest
