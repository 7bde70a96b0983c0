"""Make documents of communities, people, tokens, sessions, price lists and the access log."""

from adapters.answers.people.documents import (
    AccessAnswer,
    AreaAnswer,
    CommunityAnswer,
    ContractorAnswer,
    GrantAnswer,
    PersonAnswer,
    PricedServiceAnswer,
    PriceListAnswer,
    SessionAnswer,
    TeamAnswer,
    TokenAnswer,
)
from adapters.store.logins.access import TokenRow
from adapters.store.logins.sessions import SessionRow
from domain.kernel.ports import Access
from domain.people.community import CommunityState
from domain.people.directory import Directory
from domain.people.staff import PersonState
from domain.rules.price_list import PriceList, parse_price_list


def community_answer(state: CommunityState, directory: Directory) -> CommunityAnswer:
    """Make the document of a community, with its areas, teams and contractors."""
    code = state.code
    return CommunityAnswer(
        code=code,
        name=state.name,
        timezone=state.timezone,
        areas=[AreaAnswer(community=code, code=area, name=name) for area, name in state.areas.items()],
        teams=[TeamAnswer(community=code, code=team, members=list(members)) for team, members in state.teams.items()],
        contractors=[ContractorAnswer(community=code, code=one, name=name) for one, name in state.contractors.items()],
        settings=dict(state.settings),
        price_list=(parse_price_list(state.price_list) if state.price_list else directory.prices).version,
        version=state.version,
    )


def person_answer(state: PersonState) -> PersonAnswer:
    """Make the document of a person, with every grant in ``state``."""
    return PersonAnswer(
        login=state.login, name=state.name, enabled=state.enabled, grants=grant_answers(state), version=state.version
    )


def grant_answers(state: PersonState) -> list[GrantAnswer]:
    """Make the documents of a person's grants, in the order they were given."""
    return [
        GrantAnswer(
            id=grant.id,
            login=state.login,
            role=grant.role,
            community=grant.community,
            area=grant.area,
            valid_from=grant.valid_from,
            valid_to=grant.valid_to,
        )
        for grant in state.grants
    ]


def token_answer(row: TokenRow) -> TokenAnswer:
    """Make the document of a token; its hash stays in the store."""
    return TokenAnswer(
        id=row.id, login=row.login, created_at=row.created_at, expires_at=row.expires_at, revoked_at=row.revoked_at
    )


def price_list_answer(community: CommunityState, prices: PriceList) -> PriceListAnswer:
    """Make the document of the price list in force in a community."""
    services = [PricedServiceAnswer.model_validate(service) for service in prices.services.values()]
    own = community.price_list is not None
    return PriceListAnswer(community=community.code, version=prices.version, own=own, services=services)


def access_answer(position: int, access: Access) -> AccessAnswer:
    """Make the document of an entry of the access log."""
    return AccessAnswer(
        position=position,
        at=access.at,
        who=access.who,
        community=access.community,
        what=access.what,
        subjects=list(access.subjects),
        ticket=access.stream_id,
        detail=dict(access.detail),
    )


def session_answer(row: SessionRow) -> SessionAnswer:
    """Make the document of a session; its hash stays in the store."""
    return SessionAnswer(id=row.id, login=row.login, created_at=row.created_at, seen_at=row.seen_at)
