"""The estate as a plain model: roles, rights and waiting approvals, written from the regulations.

The rules of one ticket are the model in ``tests.ticket``; the authority table is ``tests.support.authority_table``; this model
combines them.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.support.authority_table import Standing, answer, row_of
from tests.ticket import model

AREAS = ("A1", "A2")
TEAMS = {"plumbers": ("technician", "technician2")}
CONTRACTORS = ("acme",)
CARRIES = ("assistant", "butler", "technician", "security", "supervisor", "director")
OFFICERS = ("assistant", "technician", "control_room", "supervisor", "director")
WORK = ("accept", "decline", "start", "suspend", "resume", "complete")
LATE, LONG_LATE = timedelta(minutes=15), timedelta(hours=24)


def role_of(login: str) -> str:
    """A person's role: people are named after it, the second of a role with a 2."""
    return login.removesuffix("2")


@dataclass
class Ticket:
    """A ticket's model, with what the desk knows beyond it."""

    rules: model.Model
    complained_of: set[str] = field(default_factory=set)
    dispatched_by: str = ""
    version: int = 1

    @property
    def area(self) -> str | None:
        """The ticket's present area."""
        found: str | None = self.rules["values"]["location.area"]
        return found


@dataclass
class Waiting:
    """A request that waits for a second person; ``at`` None means the moment of the approval."""

    row: str
    asker: str
    ticket: str | None
    trigger: str
    said: model.Said
    at: datetime | None
    expires_at: datetime
    settled: str = ""


@dataclass
class Asked:
    """A command, who sent it, and its moment (None: now)."""

    login: str
    trigger: str
    said: model.Said
    occurred_at: datetime | None = None
    offline: bool = False


@dataclass
class World:
    """The whole estate."""

    now: datetime
    people: tuple[str, ...]
    tickets: dict[str, Ticket] = field(default_factory=dict)
    waiting: dict[Any, Waiting] = field(default_factory=dict)
    officer: str | None = None
    stand_in: str | None = None

    # --- relations and rights ------------------------------------------------------------------------------------------

    def owns(self, login: str, ticket: Ticket | None) -> bool:
        """Whether the ticket is assigned to them, to their team, or to a contractor they dispatched."""
        if ticket is None or ticket.rules["assignee"] is None:
            return False
        kind, name = ticket.rules["assignee"]
        if kind == "team":
            return login in TEAMS[name]
        return ticket.dispatched_by == login if kind == "contractor" else name == login

    def standing(self, asked: Asked, ticket: Ticket | None) -> Standing:
        """The person's relation to the ticket, in the table's words."""
        area = ticket.area if ticket else (asked.said.get("location") or {}).get("area")
        given = asked.said.get("assignee")
        return Standing(
            assigned=self.owns(asked.login, ticket),
            own_area=role_of(asked.login) == "butler" and area == "A1",
            on_duty=asked.login in (self.officer, self.stand_in),
            night=model.is_night(min(asked.occurred_at or self.now, self.now)),
            to_self_or_security=isinstance(given, str) and (given == asked.login or role_of(given) == "security"),
            emergency=ticket is not None and ticket.rules["values"]["urgency"] == "emergency",
            stands_in=asked.login == self.stand_in,
            channel=asked.said.get("channel", "phone"),
            command=asked.trigger,
        )

    # --- how a command must be answered -------------------------------------------------------------------------------

    def verdict(self, asked: Asked, ticket: Ticket | None) -> set[str]:
        """The expected answer: absent, denied, waiting; said, table or rule; empty if accepted."""
        if asked.login not in self.people:
            return {"absent"}
        standing = self.standing(asked, ticket)
        roles = [role_of(asked.login)]
        may = answer(self.row(asked), roles, standing)
        if may in ("no", "masked"):
            return {"denied"}
        if ticket is not None and asked.login in ticket.complained_of and asked.trigger != "note":
            return {"denied"}
        lateness = self.lateness(asked, roles, standing)
        if lateness == "denied":
            return {"denied"}
        if asked.trigger == "receive" and (wrong := self.refused(asked, None, self.moment(asked, None))):
            return wrong
        if may == "two" or lateness == "two":
            return {"waiting"}
        return self.refused(asked, ticket, self.moment(asked, ticket))

    def row(self, asked: Asked) -> str:
        """The table's row for a command."""
        if asked.trigger == "settle_charge":
            return f"settle_charge {asked.said['outcome']}"
        return row_of(asked.trigger)

    def lateness(self, asked: Asked, roles: list[str], standing: Standing) -> str:
        """ "on time", "offline", "late", "two" (people) or "denied"."""
        age = self.now - (asked.occurred_at or self.now)
        if age <= LATE:
            return "on time"
        if asked.offline and age <= LONG_LATE and (standing.assigned or standing.on_duty):
            return "offline"
        row = "late entry up to 24 h" if age <= LONG_LATE else "late entry over 24 h"
        return {"yes": "late", "two": "two"}.get(answer(row, roles, standing), "denied")

    def moment(self, asked: Asked, ticket: Ticket | None) -> datetime:
        """The command's moment."""
        if asked.occurred_at is not None:
            return asked.occurred_at
        return max(self.now, ticket.rules["last"]) if ticket else self.now

    def refused(self, asked: Asked, ticket: Ticket | None, at: datetime) -> set[str]:
        """The refusal by unknown names, then by the ticket's rules."""
        if self.names_nobody(asked):
            return {"said"}
        return model.verdict(ticket.rules if ticket else None, asked.trigger, asked.said, self.who(asked, ticket), at)

    def names_nobody(self, asked: Asked) -> bool:
        """Whether it names an assignee who carries no work orders, or an unknown person or area."""
        said = asked.said
        if asked.trigger in ("dispatch", "reassign"):
            kind, name = model.assignee(said)
            if kind == "person":
                return name not in self.people or role_of(name) not in CARRIES
            return name not in (TEAMS if kind == "team" else CONTRACTORS)
        if any(name not in self.people for name in said.get("complained_of", ())):
            return True
        if asked.trigger == "receive":
            area = (said["location"] or {}).get("area")
            return area is not None and area not in AREAS
        return (
            asked.trigger == "correct"
            and said["field"] == "location.area"
            and said["value"] is not None
            and said["value"] not in AREAS
        )

    def who(self, asked: Asked, ticket: Ticket | None) -> tuple[str, str | None]:
        """The actor, and the contractor acted for."""
        given = ticket.rules["assignee"] if ticket else None
        if asked.trigger in WORK and given is not None and given[0] == "contractor":
            return asked.login, f"contractor:{given[1]}"
        return asked.login, None

    # --- what an accepted command changes -----------------------------------------------------------------------------

    def received(self, asked: Asked, at: datetime) -> Ticket:
        """Add a new ticket."""
        return Ticket(model.received(asked.said, at), set(asked.said["complained_of"]))

    def carry_out(self, asked: Asked, ticket: Ticket, at: datetime) -> None:
        """Apply an accepted command."""
        model.carry_out(ticket.rules, asked.trigger, asked.said, self.who(asked, ticket), at)
        ticket.version += 1
        ticket.complained_of |= set(asked.said.get("complained_of", ()))
        if asked.trigger in ("dispatch", "reassign"):
            ticket.dispatched_by = asked.login

    def ask(self, case: Any, asked: Asked, ticket: str | None) -> Waiting:
        """Note a request for a second person."""
        two = answer(self.row(asked), [role_of(asked.login)], Standing()) == "two"
        row = self.row(asked) if two else "late entry over 24 h"
        waiting = Waiting(row, asked.login, ticket, asked.trigger, asked.said, asked.occurred_at, self.now + LONG_LATE)
        self.waiting[case] = waiting
        return waiting

    def may_decide(self, waiting: Waiting, login: str) -> str:
        """The answer to an approver: absent, denied, expired or settled (all refusals), or yes."""
        if login not in self.people:
            return "absent"
        if login == waiting.asker or answer(waiting.row, [role_of(login)], Standing()) not in ("yes", "two"):
            return "denied"
        if waiting.ticket is not None and login in self.tickets[waiting.ticket].complained_of:
            return "denied"
        if waiting.settled:
            return waiting.settled
        return "expired" if self.now >= waiting.expires_at else "yes"
