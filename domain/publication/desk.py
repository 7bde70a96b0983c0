"""The use cases of publishing a community's own rules (价格、日历、考评细则): requested by one person, approved by another."""

from datetime import date, datetime

from domain.approval.aggregate import ApprovalCase
from domain.approval.asking import Asking
from domain.approval.command import TwoPersonCommand
from domain.approval.waiting import Waiting
from domain.kernel.aggregate import Folded, Meta, occurred
from domain.kernel.errors import NotFound, RuleRefused
from domain.kernel.periods import Month, Period
from domain.kernel.request import Request
from domain.people.authority import Relation, Right, allow
from domain.people.community import Community, CommunityState, community_stream
from domain.people.directory import Directory
from domain.people.office import Office
from domain.publication.commands import (
    CALENDAR,
    PRICE_LIST,
    RULE_BOOK,
    OverrideCalendar,
    Published,
    PublishPriceList,
    PublishRuleBook,
)
from domain.rules.price_list import parse_price_list
from domain.rules.scorecard import parse_rule_book

NAMES: dict[type[Published], str] = {PublishPriceList: PRICE_LIST, OverrideCalendar: CALENDAR, PublishRuleBook: RULE_BOOK}
"""The name of each command in approvals; all three use one row of the authority table."""
MODELS = {name: model for model, name in NAMES.items()}


class Publication(TwoPersonCommand):
    """Requests and carries out publications."""

    bumps_registry = True

    def __init__(self, office: Office) -> None:
        self._office = office
        self._asking = Asking(office)

    async def ask(self, command: Published, request: Request) -> Waiting:
        """Request a publication.

        Raises NotFound, NotAllowed, InvalidInput (for its text), RuleRefused (for a month that has begun).
        """
        return await self._office.journal.once(request.key, lambda: self._asked(command, request), self._asking.answered)

    async def effects(self, directory: Directory, case: ApprovalCase, text: str, now: datetime, meta: Meta) -> list[Folded.Event]:
        """The event on the community."""
        command = MODELS[case.command].model_validate_json(text)
        stream = community_stream(case.community)
        version = (await self._office.journal.existing(stream, CommunityState)).version + 1
        match command:
            case PublishPriceList():
                return [occurred(Community.PriceListPublished, stream, version, now, meta, text=command.text)]
            case PublishRuleBook():
                _check_ahead(command, directory.day(case.community, now))
                book = parse_rule_book(command.text).version
                said = {"text": command.text, "rule_book": book, "from_month": command.from_month}
                return [occurred(Community.RuleBookPublished, stream, version, now, meta, **said)]
            case OverrideCalendar():
                day = {"date": command.date, "works": command.works, "reason": command.reason}
                return [occurred(Community.CalendarOverridden, stream, version, now, meta, **day)]

    async def _asked(self, command: Published, request: Request) -> Waiting:
        if isinstance(command, PublishPriceList):
            parse_price_list(command.text)
        if isinstance(command, PublishRuleBook):
            parse_rule_book(command.text)
        directory = await self._office.directory.current(request.registry_version)
        community, now = command.community, self._office.clock.now()
        roles = directory.roles(request.login, community, now)
        if not roles:
            raise NotFound("community")
        name = NAMES[type(command)]
        allow(Right.PRICE_LIST, name, roles, Relation())
        if isinstance(command, PublishRuleBook):
            _check_ahead(command, directory.day(community, now))
        return await self._asking.ask(directory, Right.PRICE_LIST, name, command, community, request)


def _check_ahead(command: PublishRuleBook, today: date) -> None:
    """Refuse a month that has begun, so that nothing is appraised again by another book."""
    month = Month.of(today)
    if Period.parse(command.from_month).first <= month:
        raise RuleRefused("rule_book_ahead", "D2", f"a rule book must begin with a month after {month}, which has begun")
