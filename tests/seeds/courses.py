"""The courses of a simulated estate, played through servers that fail: each step is a command of a client that repeats it."""

from dataclasses import replace
from typing import Any

from adapters.composition import Gongdan
from adapters.simulation.company.site import Site
from adapters.simulation.courses import steps
from adapters.simulation.courses.player import Player
from adapters.simulation.courses.steps import Step
from domain.kernel.request import Request
from tests.seeds.clients import Clients


class KeyedPlayer(Player):
    """Plays a step on one server, with the request that its client has made."""

    def __init__(self, gongdan: Gongdan, asked: Request) -> None:
        super().__init__(gongdan)
        self._asked = asked

    def request(self, login: str) -> Request:
        """The client's request."""
        return self._asked

    async def play(self, site: Site, step: Step) -> Any:
        """Carry out one step."""
        return await self._do(site, step)


class SeededPlayer(Player):
    """Plays courses by :class:`~tests.seeds.clients.Clients`."""

    def __init__(self, clients: Clients) -> None:
        # The gongdan of a step is that of the server which the client asks.
        super().__init__(None)  # type: ignore[arg-type]
        self._clients = clients

    async def _do(self, site: Site, step: Step) -> Any:
        deed = step.do() if callable(step.do) else step.do
        if isinstance(deed, steps.Wait | steps.Begin):
            return await super()._do(site, replace(step, do=deed))
        who = step.who() if callable(step.who) else step.who
        drawn = replace(step, who=who, do=deed)
        return await self._clients.send(who, type(deed).__name__, lambda g, asked: KeyedPlayer(g, asked).play(site, drawn))
