"""An aggregate as users of the eventsourcing library write it, to compare ours with."""

from eventsourcing.domain import Aggregate, event


class Noted(Aggregate):
    """The library's own way: an aggregate with decorated methods."""

    @event("Begun")
    def __init__(self, description: str) -> None:
        self.description = description
        self.notes = 0

    @event("NoteAdded")
    def note(self, text: str) -> None:
        self.notes += 1
