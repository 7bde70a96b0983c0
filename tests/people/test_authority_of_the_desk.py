"""Role × command × relation, all of them, through the service desk: accepted exactly when the written table says so.

One person, ``x``, is given one role after the other; the tickets stay. Commands are decided in full, up to the append: a log that
refuses to write tells what would have been written, so that every combination meets the same tickets.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import pytest

from domain import ticket_commands as c
from domain.errors import NotAllowed
from domain.privacy import MASKED
from domain.requests import Request
from domain.service_desk import ServiceDesk
from domain.terms import AssigneeType, Role, Trigger
from domain.ticket_guards import legal_now
from tests.desk.estate import DAY, HOUR, JX, ZONE, Estate, copied, leak
from tests.desk.proposing import outcome, proposing
from tests.people.regulation import Standing, answer, row_of

X = "x"
CONTRACTOR = c.AssigneeRef(type=AssigneeType.CONTRACTOR, id="acme")
TEAM = c.AssigneeRef(type=AssigneeType.TEAM, id="mine")
Steps = list[tuple[str, c.Command]]


@dataclass(frozen=True)
class Case:
    """A ticket in some state, and how ``x`` stands to it whatever their role."""

    ticket: str
    scenario: str
    area: str
    given_to: str
    complained_of: bool


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


async def make_case(estate: Estate, scenario: str, area: str, given_to: str, complained_of: bool) -> Case:
    location = c.Place(area=area) if area else None
    ticket = await estate.receive("supervisor", location=location, complained_of=(X,) if complained_of else ())
    if scenario == "received":
        return Case(ticket, scenario, area, given_to, complained_of)
    await estate.act("supervisor", ticket, c.Classify(kind=KIND.get(scenario, "other")))
    if scenario != "classified":
        dispatcher, dispatch = GIVEN_TO[given_to]
        await estate.act(dispatcher, ticket, dispatch)
        for login, command in steps_to(scenario, WORKER[given_to]):
            await estate.act(login, ticket, command)
    return Case(ticket, scenario, area, given_to, complained_of)


async def make_cases(estate: Estate) -> list[Case]:
    cases = [
        await make_case(estate, scenario, area, "nobody", complained)
        for scenario in ("received", "classified")
        for area in ("A1", "A2", "")
        for complained in (False, True)
    ]
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
        command=command.trigger.value if command else "",
    )


# --- the estate, with x in every role -----------------------------------------------------------------------------


@dataclass
class Stage:
    """The estate, its tickets, and a desk that only proposes."""

    estate: Estate
    desk: ServiceDesk
    cases: list[Case]
    day: datetime
    other: str

    async def become(self, role: Role) -> None:
        """x has this role alone, in area A1."""
        admin, by = self.estate.g.administration, self.estate.operator
        person = (await self.estate.g.directory.current()).person(X)
        today = self.estate.clock.now().astimezone(ZONE).date()
        for grant in person.grants:
            if grant.valid_to is None:
                await admin.end_grant(X, grant.id, today - DAY, by)
        await admin.grant(X, role, JX, "A1", today, None, by)

    def at(self, night: bool) -> None:
        self.estate.clock.moment = self.day + (13 * HOUR if night else 0 * HOUR)

    def request(self) -> Request:
        return self.estate.request(X)


async def make_stage(estate: Estate) -> Stage:
    admin, by = estate.g.administration, estate.operator
    await admin.add_person(X, "某某", by)
    for role in (Role.ASSISTANT, Role.TECHNICIAN):
        await admin.grant(X, role, JX, "A1", None, None, by)
    await admin.form_team(JX, "mine", (X, "technician2"), by)
    other = await estate.receive("supervisor")
    cases = await make_cases(estate)
    return Stage(estate, proposing(estate), cases, estate.clock.forward(DAY), other)


async def take_the_desk(stage: Stage, duty: str) -> None:
    """Nobody holds it, x holds it, or x stands in."""
    g, request = stage.estate.g, stage.estate.request
    if duty == "officer":
        await g.duty.open(JX, request(X))
    if duty == "stand-in":
        held = await g.duty.open(JX, request("technician"))
        await g.duty.substitute(held.state.id, X, request("technician"))


Prepared = tuple[Path, list[Case], datetime, str]


@pytest.fixture(scope="module")
def prepared(estate_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """The folder of the stage, made once for the three duties."""
    folder = tmp_path_factory.mktemp("stage")

    async def prepare() -> tuple[list[Case], datetime, str]:
        async with copied(estate_template, folder) as estate:
            stage = await make_stage(estate)
            return stage.cases, stage.day, stage.other

    return folder, *asyncio.run(prepare())


@pytest.fixture(params=["off", "officer", "stand-in"])
def duty(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture
async def stage(prepared: Prepared, duty: str, tmp_path: Path) -> AsyncIterator[Stage]:
    folder, cases, day, other = prepared
    async with copied(folder, tmp_path) as estate:
        made = Stage(estate, proposing(estate), cases, day, other)
        made.at(night=False)
        await take_the_desk(made, duty)
        yield made


@pytest.mark.anyio
async def test_every_command_for_every_role_and_relation(stage: Stage, duty: str) -> None:
    by_scenario: dict[str, list[Case]] = {}
    for case in stage.cases:
        by_scenario.setdefault(case.scenario, []).append(case)
    taken = commands(stage.other)
    assert {command.trigger for _, _, command in taken} == set(Trigger) - {Trigger.RECEIVE, Trigger.DEFER}
    wrong = []
    for role in Role:
        await stage.become(role)
        before = await stage.estate.footprint()
        for scenario, row, command in taken:
            for case in by_scenario[scenario]:
                found = await outcome(stage.desk.act(case.ticket, command, stage.request()))
                hoped = expected(case, row, command, role, standing_of(case, command, duty, night=False))
                if found != hoped:
                    wrong.append((role.value, command, case, hoped, found))
        assert await stage.estate.footprint() == before
    assert wrong == []


@pytest.mark.anyio
@pytest.mark.parametrize("night", [False, True])
async def test_deferring_takes_the_desk_and_the_night(stage: Stage, duty: str, night: bool) -> None:
    received = [case for case in stage.cases if case.scenario == "received"]
    command = c.Defer(told_resident=True)
    for role in Role:
        await stage.become(role)
        stage.at(night)
        for case in received:
            hoped = expected(case, "defer", command, role, standing_of(case, command, duty, night))
            assert await outcome(stage.desk.act(case.ticket, command, stage.request())) == hoped, (role, case)


@pytest.mark.anyio
async def test_receiving(stage: Stage, duty: str) -> None:
    for role in Role:
        await stage.become(role)
        for channel in ("phone", "inspection", "company"):
            for area in ("A1", "A2", ""):
                fields = {"channel": channel, "location": c.Place(area=area) if area else None}
                found = await outcome(stage.desk.receive(leak(**fields), stage.request()))
                standing = Standing(own_area=area == "A1", on_duty=duty != "off", channel=channel)
                hoped = {"yes": "accepted", "no": "denied"}[answer("receive", [role.value], standing)]
                assert found == hoped, (role, channel, area)


@pytest.mark.anyio
async def test_what_is_legal_for_the_caller(stage: Stage, duty: str) -> None:
    """``legal[]`` names what table, rules and rights allow: no more and no less."""
    directory = await stage.estate.g.directory.current()
    rows = dict.fromkeys((Trigger.SETTLE_CHARGE,), "settle_charge paid")
    now = stage.estate.clock.now()
    for role in Role:
        await stage.become(role)
        directory = await stage.estate.g.directory.current()
        for case in stage.cases:
            state = await stage.estate.state(case.ticket)
            standing = replace(standing_of(case, None, duty, night=False), to_self_or_security=True)
            hoped = []
            for trigger in legal_now(state, stage.desk.setting(directory, JX, now)):
                row = rows.get(trigger) or row_of(trigger.value)
                may = answer(row, [role.value], replace(standing, command=trigger.value))
                by_the_worker = trigger.value in FOLLOW_UPS and case.given_to == X
                gagged = case.complained_of and trigger is not Trigger.NOTE
                if may in ("yes", "two") and not by_the_worker and not gagged:
                    hoped.append(trigger)
            assert await stage.desk.legal(directory, X, state, now) == hoped, (role, case)


@pytest.mark.anyio
async def test_reading_and_opening(stage: Stage, duty: str) -> None:
    """Masked or opened by the table; whatever is opened stands in the access log first, and nothing else does."""
    inquiries, log = stage.estate.g.inquiries, stage.estate.g.store.access_log
    looked_at = [case for case in stage.cases if case.scenario in ("received", "dispatched")]
    position = 0
    for role in Role:
        await stage.become(role)
        for case in looked_at:
            standing = standing_of(case, None, duty, night=False)
            may_read = answer("read", [role.value], standing)
            may_open = answer("open residents' data", [role.value], standing) == "yes"
            if may_read == "no":
                with pytest.raises(NotAllowed):
                    await inquiries.ticket(X, case.ticket)
            else:
                reading = await inquiries.ticket(X, case.ticket)
                assert reading.masked is not may_open, (role, case)
                assert reading.texts["description"] == ("厨房水管漏水" if may_open else MASKED)
                assert reading.texts["reporter_phone"] == ("13812345678" if may_open else "138****5678")
                assert reading.texts["reporter_name"] == ("王小明" if may_open else "王**")
                masked = await inquiries.ticket(X, case.ticket, personal=False)
                assert masked.masked
                assert masked.texts["description"] == MASKED
            noted = await log.read(position, 10)
            assert [(a.who, a.what, str(a.stream_id)) for _, a in noted] == (
                [(X, "ticket", case.ticket)] if may_read != "no" and may_open else []
            )
            position += len(noted)


@pytest.mark.anyio
async def test_reading_a_history(stage: Stage, duty: str) -> None:
    looked_at = [case for case in stage.cases if case.scenario in ("received", "dispatched") and not case.complained_of]
    for role in Role:
        await stage.become(role)
        for case in looked_at:
            standing = standing_of(case, None, duty, night=False)
            if answer("audit", [role.value], standing) == "no":
                with pytest.raises(NotAllowed):
                    await stage.estate.g.inquiries.history(X, case.ticket)
                continue
            steps = await stage.estate.g.inquiries.history(X, case.ticket)
            opened = answer("open residents' data", [role.value], standing) == "yes"
            assert steps[0].texts["description"] == ("厨房水管漏水" if opened else MASKED)
