"""Lists of the tickets and work orders that a caller may read."""

from dataclasses import replace

from adapters.answers.caller import Caller
from adapters.answers.documents import Answer, Moment
from adapters.answers.ticket.rows import ListedTicket, WorkOrderItem, listed_tickets
from adapters.composition import Gongdan
from domain.kernel.errors import invalid
from domain.kernel.ports import Access
from domain.kernel.terms import AssigneeType
from domain.people.assignee import Assignee
from domain.people.authority import Right, denied
from domain.people.reading_scope import Scope
from projections.ticket.postings import NUMBER
from projections.ticket.ticket_search import Filters


class TicketPage(Answer):
    """Tickets, the latest received first, as of ``position``.

    ``searched_from``: a search reads a bounded part of the store; it looked at tickets recorded at this moment or later, and
    ``next_cursor`` goes further back. Null where it looked at all of them, or the page is full.
    """

    position: int
    items: list[ListedTicket]
    searched_from: Moment | None
    next_cursor: str | None


class WorklistAnswer(Answer):
    """Work orders in the order to do them, as of ``position``."""

    position: int
    items: list[WorkOrderItem]


async def scope_of(
    gongdan: Gongdan, caller: Caller, community: str, right: Right = Right.READ, *, on_duty: bool | None = None
) -> Scope:
    """Find how far a right of the caller reaches in a community; raises NotFound outside it, NotAllowed without the right."""
    found = await gongdan.scopes.scope(caller.directory, caller.login, community, right, on_duty=on_duty)
    if found.nothing:
        raise denied(right, right.value, caller.directory.roles(caller.login, community, gongdan.clock.now()))
    return found


async def ticket_page(
    gongdan: Gongdan, caller: Caller, filters: Filters, community: str | None, limit: int, cursor: str | None
) -> TicketPage:
    """List the tickets that match the filters and that the caller may read.

    A search for a phone or a free text needs the right to open personal data, since a hit reveals what the text says. A
    search for a phone is recorded in the access log.
    """
    q = filters.q
    personal = filters.phone is not None or (q is not None and not NUMBER.match(q.strip().upper()))
    right = Right.OPEN_PERSONAL if personal else Right.READ
    filters = await _within(gongdan, caller, filters, community, right)
    now = gongdan.clock.now()
    if filters.phone is not None:
        await gongdan.store.access_log.record(Access(now, caller.login, community or "", "phone_lookup"))
    found = await gongdan.projections.search(filters, now=now, limit=limit, cursor=cursor)
    items = await listed_tickets(found.items, gongdan.sealer, now)
    return TicketPage(position=found.position, items=items, searched_from=found.searched_from, next_cursor=found.cursor)


async def _within(gongdan: Gongdan, caller: Caller, filters: Filters, community: str | None, right: Right) -> Filters:
    """Bound the filters to communities, areas and tickets that the caller may list.

    One query takes one set of areas. Rights that differ between communities would need several, so a community must be named.
    """
    if community is not None:
        areas, own = (await scope_of(gongdan, caller, community, right)).limits
        return replace(filters, communities=[community], areas=areas, own=own)
    scopes = await gongdan.scopes.scopes(caller.directory, caller.login, right)
    if len(scopes) == 1:
        areas, own = scopes[0].limits
        return replace(filters, communities=[scopes[0].community], areas=areas, own=own)
    if not all(scope.everything for scope in scopes):
        raise invalid("/query/community", "name one community: your rights differ between them")
    return replace(filters, communities=[scope.community for scope in scopes])


def assignee_named(text: str) -> Assignee:
    """Parse a login, ``team:CODE`` or ``contractor:CODE``; raises InvalidInput."""
    type_, found, code = text.partition(":")
    if not found:
        return Assignee(AssigneeType.PERSON, text)
    if type_ not in (AssigneeType.TEAM, AssigneeType.CONTRACTOR):
        raise invalid("/query/assignee", "a login, team:CODE or contractor:CODE")
    return Assignee(AssigneeType(type_), code)
