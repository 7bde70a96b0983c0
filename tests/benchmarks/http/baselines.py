"""The servers we are compared with: FastAPI's hello, and the same use case on the eventsourcing library behind FastAPI.

The library's side decides by our rules, seals the text with a key at hand and saves with the library's own recorder; authority,
idempotency keys, numbers and read models, which ours has, are left out. Its handlers are synchronous, as the library is.
"""

import os
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from eventsourcing.persistence import IntegrityError
from fastapi import Body, FastAPI

from adapters.composition import shipped
from adapters.library.ticket_desk import Terms, TicketDesk
from adapters.store.keys.key_tables import SubjectKey
from adapters.store.keys.sealing import seal_text
from adapters.system.system import TimeOrderedIds, entropy
from domain.kernel.aggregate import Meta
from domain.kernel.terms import Channel
from domain.rules.policy import parse_policy
from domain.rules.price_list import parse_price_list
from domain.ticket import commands as c

TICKETS = 300


def hello() -> FastAPI:
    """A body parsed, a small answer."""
    app = FastAPI()

    @app.post("/api/v1/tickets/{ticket}/note")
    async def note(ticket: str, body: dict[str, Any] = Body()) -> dict[str, Any]:
        return {"id": ticket, "hello": "world"}

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    return app


def library_desk() -> FastAPI:
    """Notes on tickets, on the library's recorder; its settings come from the environment."""
    key = SubjectKey(1, entropy(32))
    terms = Terms(parse_policy(shipped("policy.toml")), ZoneInfo("Asia/Shanghai"), parse_price_list(shipped("price_list.toml")))
    desk = TicketDesk(terms, TimeOrderedIds(), lambda field, text: seal_text(key, field, text, entropy), os.environ)
    call = c.Receive(community="JX", channel=Channel.PHONE, description="厨房水管漏水", location=c.Place(area="A1", building="3"))
    made = [desk.receive(call, Meta("he.xue", uuid4()), datetime.now(UTC), uuid4()) for _ in range(TICKETS)]
    app = FastAPI()

    @app.get("/tickets")
    def tickets() -> list[str]:
        return [str(ticket) for ticket in made]

    @app.post("/api/v1/tickets/{ticket}/note")
    def note(ticket: UUID, body: dict[str, Any] = Body()) -> dict[str, Any]:
        command, meta = c.Note.model_validate(body), Meta("he.xue", uuid4())
        while True:
            try:
                return {"id": str(ticket), "version": desk.act(ticket, command, meta, datetime.now(UTC))}
            except IntegrityError:  # another request changed the ticket first: decide again, as our server does
                continue

    @app.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    return app
