"""Communities and people as far as a caller sees them."""

from collections.abc import Iterable

from adapters.answers.caller import Caller
from adapters.composition import Gongdan
from domain.kernel.errors import NotFound
from domain.people.community import CommunityState
from domain.people.directory import Directory
from domain.people.staff import EVERYWHERE, PersonState


def own_communities(gongdan: Gongdan, caller: Caller, community: str | None) -> list[CommunityState]:
    """The communities a caller has a role in, or the one named; NotFound where they have none there."""
    own = caller.directory.communities_of(caller.login, gongdan.clock.now())
    if community is not None:
        if community not in own:
            raise NotFound("community")
        own = [community]
    return [caller.directory.community(code) for code in own]


def administers(directory: Directory, login: str, gongdan: Gongdan) -> bool:
    """Whether a person administers something; then they see everybody."""
    now = gongdan.clock.now()
    return any(directory.is_admin(login, now, place) for place in (EVERYWHERE, *directory.communities))


def visible(gongdan: Gongdan, caller: Caller, community: str | None) -> Iterable[PersonState]:
    """People as the caller may see them: colleagues with the roles in their own communities; administrators see all."""
    everything = administers(caller.directory, caller.login, gongdan) and community is None
    own = {state.code for state in own_communities(gongdan, caller, community)} | {EVERYWHERE}
    for person in caller.directory.people.values():
        if everything:
            yield person
        else:
            here = tuple(grant for grant in person.grants if grant.community in own)
            if here:
                yield person.with_(grants=here)
