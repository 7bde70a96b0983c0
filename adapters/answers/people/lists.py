"""Communities and people that a caller may see."""

from collections.abc import Iterable

from adapters.answers.caller import Caller
from adapters.composition import Gongdan
from domain.kernel.errors import NotFound
from domain.people.community import CommunityState
from domain.people.directory import Directory
from domain.people.staff import EVERYWHERE, PersonState


def own_communities(gongdan: Gongdan, caller: Caller, community: str | None) -> list[CommunityState]:
    """List the communities in which a caller has a role, or the one named; raises NotFound without a role in it."""
    own = caller.directory.communities_of(caller.login, gongdan.clock.now())
    if community is not None:
        if community not in own:
            raise NotFound("community")
        own = [community]
    return [caller.directory.community(code) for code in own]


def administers(directory: Directory, login: str, gongdan: Gongdan) -> bool:
    """Whether a person administers anything; administrators see all people."""
    now = gongdan.clock.now()
    return any(directory.is_admin(login, now, place) for place in (EVERYWHERE, *directory.communities))


def visible(gongdan: Gongdan, caller: Caller, community: str | None) -> Iterable[PersonState]:
    """List people: for administrators all with every role, for others colleagues with their roles in shared communities."""
    everything = administers(caller.directory, caller.login, gongdan) and community is None
    own = {state.code for state in own_communities(gongdan, caller, community)} | {EVERYWHERE}
    for person in caller.directory.people.values():
        if everything:
            yield person
        else:
            here = tuple(grant for grant in person.grants if grant.community in own)
            if here:
                yield person.with_(grants=here)
