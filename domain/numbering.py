"""What the log's clear columns say of an event: the book it takes a number in, and whether it changes the open list.

Numbers themselves are drawn by the store, gapless per community, book and day, from these columns alone (D1 4.1.1).
"""

from domain.kernel.aggregate import Folded
from domain.kernel.terms import Book
from domain.ticket.events import Ticket
from domain.ticket.workflows import WORKFLOWS


def clear_columns(event: Folded.Event) -> tuple[Book | None, bool]:
    """(book, opens_list) of an event.

    A ticket takes a number in the intake book at receipt, in its kind's book at classification, and in another book when it
    is moved there. Any event of a ticket changes its version on the handover sheet (工作移交表), hence the open list.
    """
    if isinstance(event, Ticket.TicketReceived):
        return Book.INTAKE, True
    if isinstance(event, Ticket.TicketClassified):
        return WORKFLOWS[event.kind].book, True
    if isinstance(event, Ticket.TicketReclassified) and event.moved:
        return WORKFLOWS[event.kind].book, True
    return None, isinstance(event, Ticket.Event)
