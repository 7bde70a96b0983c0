"""Tickets in every state, and every command on them, to test the rights of a person ``x`` whose role is changed."""

from dataclasses import dataclass

from domain.kernel.terms import AssigneeType, Role, Trigger
from domain.ticket import commands as c
from tests.support.authority_table import Standing, answer, row_of
from tests.support.estates.desk_estate import DAY, JX, ZONE, Estate

X = "x"
CONTRACTOR = c.AssigneeRef(type=AssigneeType.CONTRACTOR, id="acme")
TEAM = c.AssigneeRef(type=AssigneeType.TEAM, id="mine")
Steps = list[tuple[str, c.Command]]


@dataclass(frozen=True)
class Case:
    """A ticket in some state, and the relation of ``x`` to it, independent of their role."""

    ticket: str
    scenario: str
    area: str
    given_to: str
    complained_of: bool
    emergency: bool = False


# --- tickets ------------------------------------------------------------------------------------------------------

ORDER = c.OrderRectification(what="恢复承重墙", due_at="2026-04-01T00:00:00+08:00")
QUOTE = c.Quote(lines=(c.QuoteLine(code="repair_lock"),))


def work_until(worker: str, *commands: c.Command) -> Steps:
    return [(worker, c.Accept()), (worker, c.Start()), *((worker, command) for command in commands)]


def steps_to(scenario: str, worker: str) -> Steps:
    done = work_until(worker, c.Complete(resolution="好了"))
    return {
        "dispatched": [],
        "started": work_until(worker),
        "suspended": work_until(worker, c.Suspend(reason="awaiting_parts")),
        "quoted": [("supervisor", QUOTE)],
        "charged": [("supervisor", QUOTE), ("supervisor", c.AcceptQuote()), *done],
        "move_in": [],
        "inspection": [],
        "ordered": [("supervisor", ORDER)],
        "complaint": [],
        "repaired": done,
        "unreached": done,
        "followed_up": [*done, ("supervisor", c.FollowUp(satisfied=True, rating=5, method="phone"))],
    }[scenario]


KIND = {"move_in": "move_in", "inspection": "inspection", "ordered": "inspection", "complaint": "complaint"}
DISPATCHED = (
    "dispatched",
    "started",
    "suspended",
    "quoted",
    "charged",
    "move_in",
    "inspection",
    "ordered",
    "complaint",
    "repaired",
    "unreached",
    "followed_up",
)
GIVEN_TO: dict[str, tuple[str, c.Dispatch]] = {
    "another": ("supervisor", c.Dispatch(assignee="technician")),
    X: ("supervisor", c.Dispatch(assignee=X)),
    "team": ("supervisor", c.Dispatch(assignee=TEAM)),
    "contractor": (X, c.Dispatch(assignee=CONTRACTOR)),
    "contractor of another": ("supervisor", c.Dispatch(assignee=CONTRACTOR)),
}
WORKER = {
    "another": "technician",
    X: X,
    "team": "technician2",
    "contractor": X,
    "contractor of another": "supervisor",
}
"""Who enters the work; in a team it is the other member, so that ``x`` has done nothing themselves."""


async def make_case(
    estate: Estate, scenario: str, area: str, given_to: str, complained_of: bool, emergency: bool = False
) -> Case:
    location = c.Place(area=area) if area else None
    urgency = "emergency" if emergency else "normal"
    ticket = await estate.receive("supervisor", location=location, complained_of=(X,) if complained_of else (), urgency=urgency)
    if scenario == "received":
        return Case(ticket, scenario, area, given_to, complained_of, emergency)
    await estate.act("supervisor", ticket, c.Classify(kind=KIND.get(scenario, "other")))
    if scenario != "classified":
        dispatcher, dispatch = GIVEN_TO[given_to]
        await estate.act(dispatcher, ticket, dispatch)
        for login, command in steps_to(scenario, WORKER[given_to]):
            await estate.act(login, ticket, command)
    return Case(ticket, scenario, area, given_to, complained_of, emergency)


async def make_cases(estate: Estate) -> list[Case]:
    cases = [
        await make_case(estate, scenario, area, "nobody", complained)
        for scenario in ("received", "classified")
        for area in ("A1", "A2", "")
        for complained in (False, True)
    ]
    for scenario in ("received", "classified"):
        cases.append(await make_case(estate, scenario, "A2", "nobody", False, emergency=True))
    cases.append(await make_case(estate, "dispatched", "A2", "another", False, emergency=True))
    for scenario in DISPATCHED:
        for area in ("A1", "A2"):
            for given_to in GIVEN_TO:
                cases.append(await make_case(estate, scenario, area, given_to, False))
            for given_to in ("another", "team"):
                cases.append(await make_case(estate, scenario, area, given_to, True))
    for _ in range(3):
        for case in cases:
            if case.scenario == "unreached":
                await estate.act("supervisor", case.ticket, c.AttemptFollowUp())
        estate.clock.forward(DAY)
    return cases


# --- commands -----------------------------------------------------------------------------------------------------


def commands(other: str) -> list[tuple[str, str, c.Command]]:
    """(scenario, row of the table, command): every trigger but ``receive``, where it is legal."""
    taken: list[tuple[str, c.Command]] = [
        ("received", c.Classify(kind="enquiry")),
        ("received", c.Cancel(reason="invalid")),
        ("received", c.Reply(message="马上来")),
        ("received", c.Urge()),
        ("received", c.Escalate(reason="超出权限", level="director")),
        ("received", c.Note(text="门铃坏")),
        ("received", c.Correct(field="urgency", value="emergency", reason="new_information")),
        ("classified", c.Settle(resolution="已解答")),
        ("classified", c.Schedule(appointment_at="2026-05-01T09:00:00+08:00")),
        ("classified", c.Dispatch(assignee="technician")),
        ("classified", c.Dispatch(assignee=X)),
        ("classified", c.Dispatch(assignee="security")),
        ("classified", c.Dispatch(assignee=TEAM)),
        ("classified", c.Dispatch(assignee=CONTRACTOR)),
        ("dispatched", c.Reclassify(kind="enquiry")),
        ("dispatched", c.Reassign(assignee="technician2")),
        ("dispatched", c.Reassign(assignee="security")),
        ("dispatched", c.Accept()),
        ("dispatched", c.Decline(reason="在别处")),
        ("dispatched", c.Start()),
        ("dispatched", QUOTE),
        ("dispatched", c.ApproveMajorWorks(agreed_due_at="2026-06-01T00:00:00+08:00", reason="更换立管")),
        ("dispatched", c.LinkTicket(ticket=other, relation="same_cause")),
        ("dispatched", c.Attach(name="0" * 64, content_type="image/png", size=1)),
        ("dispatched", c.Note(text="门铃坏")),
        ("dispatched", c.Reply(message="马上来")),
        ("dispatched", c.Schedule(appointment_at="2026-05-01T09:00:00+08:00")),
        ("dispatched", c.Escalate(reason="超出权限", level="director")),
        ("started", c.Suspend(reason="awaiting_parts")),
        ("started", c.Complete(resolution="好了")),
        ("suspended", c.Resume()),
        ("suspended", c.Reassign(assignee="security2")),
        ("quoted", c.AcceptQuote()),
        ("quoted", c.DeclineQuote()),
        ("charged", c.SettleCharge(outcome="paid", method="cash")),
        ("charged", c.SettleCharge(outcome="waived")),
        ("move_in", c.CheckItem(item="meters_read")),
        ("inspection", ORDER),
        ("ordered", c.ConfirmRectification()),
        ("complaint", c.JudgeComplaint(reasonable=False)),
        ("repaired", c.FollowUp(satisfied=True, rating=4, method="phone")),
        ("repaired", c.AttemptFollowUp()),
        ("unreached", c.CloseUnreached()),
        ("followed_up", c.Reopen(reason="又漏了")),
    ]
    rows = {"paid": "settle_charge paid", "waived": "settle_charge waived"}
    found = []
    for scenario, command in taken:
        row = rows[command.outcome] if isinstance(command, c.SettleCharge) else row_of(command.trigger.value)
        found.append((scenario, row, command))
    return found


FOLLOW_UPS = ("follow_up", "attempt_follow_up", "close_unreached")


def expected(case: Case, row: str, command: c.Command, role: Role, standing: Standing) -> str:
    """accepted, waiting, denied; the rule that the table names in brackets; or that ``x`` carries no work orders in this role."""
    if case.complained_of and command.trigger is not Trigger.NOTE:
        return "denied"
    may = answer(row, [role.value], standing)
    if may in ("no", "masked"):
        return "denied"
    if command.trigger.value in FOLLOW_UPS and case.given_to == X:
        return "follow_up_by_another"
    if getattr(command, "assignee", None) == X and answer(row_of("complete"), [role.value], Standing(assigned=True)) == "no":
        return "/assignee"
    return "waiting" if may == "two" else "accepted"


def standing_of(case: Case, command: c.Command | None, duty: str, night: bool) -> Standing:
    assignee = getattr(command, "assignee", None)
    return Standing(
        assigned=case.given_to in (X, "team", "contractor"),
        own_area=case.area == "A1",
        on_duty=duty != "off",
        night=night,
        to_self_or_security=assignee in (X, "security", "security2"),
        emergency=case.emergency,
        stands_in=duty == "stand-in",
        command=command.trigger.value if command else "",
    )


async def hire(estate: Estate) -> str:
    """``x`` and a team with ``x`` in it, and a ticket to link to; for now ``x`` can dispatch and work."""
    admin, by = estate.g.administration, estate.operator
    await admin.add_person(X, "某某", by)
    for role in (Role.ASSISTANT, Role.TECHNICIAN):
        await admin.grant(X, role, JX, "A1", None, None, by)
    await admin.form_team(JX, "mine", (X, "technician2"), by)
    return await estate.receive("supervisor")


async def become(estate: Estate, role: Role) -> None:
    """``x`` has this role alone, in area A1."""
    admin, by = estate.g.administration, estate.operator
    person = (await estate.g.directory.current()).person(X)
    today = estate.clock.now().astimezone(ZONE).date()
    for grant in person.grants:
        if grant.valid_to is None:
            await admin.end_grant(X, grant.id, today - DAY, by)
    await admin.grant(X, role, JX, "A1", today, None, by)
