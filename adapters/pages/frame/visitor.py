"""Visitors of the pages: guests and signed-in people, their language, theme and community, and the rendering of a page.

A page's function takes :data:`TheVisitor` and answers ``visitor.page("name.html", …)``. Refusals that it raises become pages in
:mod:`adapters.pages.frame.refusals`. Rights are decided by the use cases; here they only choose what is offered.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from hashlib import sha256
from hmac import new as hmac
from typing import Annotated, Any, Protocol
from uuid import UUID

from fastapi import Depends
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from adapters.accounts.sign_ins import Session, new_secret
from adapters.answers.caller import Caller
from adapters.answers.ticket.documents import AssigneeAnswer
from adapters.composition import Gongdan
from adapters.pages.frame.site import HEADERS, ONLY_HTTPS, Site, site_of
from adapters.rendering.environment import CHINESE, LANGUAGES, Words
from adapters.rendering.navigation import NAVIGATION, Entry
from adapters.system.system import entropy
from domain.kernel.errors import Refusal, Unauthenticated
from domain.kernel.terms import AssigneeType, Book, Role
from domain.people.assignee import Assignee
from domain.people.authority import TABLE, Held, Right
from domain.people.directory import Directory
from domain.people.reading_scope import Scope
from domain.people.staff import EVERYWHERE
from domain.service_desk.desk import ServiceDesk

YEAR = 365 * 24 * 3600
LANGUAGE, THEME, COMMUNITY = "gongdan_language", "gongdan_theme", "gongdan_community"
"""Cookies of a visitor's preferences. They don't identify anybody."""
THEMES = ("light", "dark")


class Located(Protocol):
    """A row with a location."""

    @property
    def area(self) -> str | None: ...
    @property
    def building(self) -> str | None: ...
    @property
    def entrance(self) -> str | None: ...
    @property
    def public_place(self) -> str | None: ...


class Guest:
    """A visitor without a session, known by language and theme only."""

    login: str | None = None
    name = ""
    session: Session | None = None

    def __init__(self, request: Request) -> None:
        self.request = request
        self.site: Site = site_of(request)
        chosen = request.cookies.get(LANGUAGE, "")
        self.language = chosen if chosen in LANGUAGES else CHINESE
        self.words: Words = self.site.templates.words[self.language]
        asked = request.cookies.get(THEME) or request.headers.get("sec-ch-prefers-color-scheme", "").strip('"')
        self.theme = asked if asked in THEMES else THEMES[0]
        self.secret = request.cookies.get(session_cookie(request), "")
        self._gives_secret = False
        if not self.secret:
            self.secret, self._gives_secret = new_secret(entropy), True

    @property
    def gongdan(self) -> Gongdan:
        """The running application."""
        return self.site.api.gongdan

    @property
    def csrf(self) -> str:
        """Token of this browser's forms, which another site can't know (see :mod:`adapters.pages.frame.forms`)."""
        return hmac(self.secret.encode(), b"form", sha256).hexdigest()

    @property
    def navigation(self) -> list[Entry]:
        """Entries of the navigation; none for guests."""
        return []

    @property
    def here(self) -> str:
        """Address of this page, to come back to."""
        url = self.request.url
        return (url.path + (f"?{url.query}" if url.query else "")) if self.request.method == "GET" else url.path

    def say(self, text: str, **named: object) -> str:
        """Translate a text into the visitor's language."""
        return self.words.say(text, **named)

    def label(self, code: StrEnum) -> str:
        """Translate a code."""
        return self.words.label(code)

    def page(self, template: str, status: int = 200, **context: Any) -> Response:
        """Render a template as a page. It gets this visitor as ``look``, the moment ``now`` and the time zone ``zone``."""
        headers = HEADERS | (ONLY_HTTPS if is_secure(self.request) else {})
        answer = HTMLResponse(self.part(template, **context), status, headers)
        if self._gives_secret:
            give_session(answer, self.request, self.secret)
        return answer

    def part(self, template: str, **context: Any) -> str:
        """Render a template as text."""
        now = self.gongdan.clock.now()
        return self.site.templates.render(self.language, template, {"look": self, "now": now, "zone": self.zone, **context})

    @property
    def zone(self) -> tzinfo:
        """Time zone in which moments are shown."""
        return UTC


class Visitor(Guest):
    """A signed-in person, and the directory as of the registry version read for this request."""

    def __init__(self, request: Request, session: Session, directory: Directory, registry_version: int) -> None:
        super().__init__(request)
        self.session: Session = session
        self.login: str = session.login
        self.name = directory.person(session.login).name
        self.directory = directory
        self.registry_version = registry_version
        self.now: datetime = self.gongdan.clock.now()
        self.communities = directory.communities_of(self.login, self.now)
        asked = request.query_params.get("community") or request.cookies.get(COMMUNITY, "")
        self.community: str | None = asked if asked in self.communities else next(iter(self.communities), None)

    @property
    def desk(self) -> ServiceDesk:
        """Use cases of tickets."""
        return self.gongdan.desk

    @property
    def zone(self) -> tzinfo:
        """Time zone of the community shown; UTC without one."""
        return self.directory.zone(self.community) if self.community else UTC

    @property
    def caller(self) -> Caller:
        """The visitor as a caller of the answers."""
        return Caller(self.login, self.directory, self.registry_version)

    @property
    def roles(self) -> tuple[Held, ...]:
        """The visitor's roles in the community shown."""
        return self.directory.roles(self.login, self.community, self.now) if self.community else ()

    @property
    def role_words(self) -> str:
        """The visitor's roles in words."""
        return self.words.many([self.label(held.role) for held in self.roles])

    @property
    def administers(self) -> bool:
        """Whether the visitor administers anything."""
        places = (EVERYWHERE, *self.directory.communities)
        return any(self.directory.is_admin(self.login, self.now, place) for place in places)

    @property
    def navigation(self) -> list[Entry]:
        """Entries of pages that one of the visitor's roles may use. Each page checks the rights itself."""
        return [entry for entry in NAVIGATION if (entry.admin and self.administers) or self.might(*entry.rights)]

    @property
    def records_findings(self) -> bool:
        """Whether the link that records a finding is offered."""
        return self.might(Right.RECORD_FINDING)

    @property
    def audits(self) -> bool:
        """Whether the link to a replay is offered."""
        return self.might(Right.AUDIT)

    def might(self, *rights: Right) -> bool:
        """Whether one of the visitor's roles has one of these rights here, at least under conditions."""
        cells = (TABLE[right][held.role] for right in rights for held in self.roles if held.role is not Role.ADMIN)
        return any(cell != "–" for cell in cells)

    def at(self, moment: datetime) -> str:
        """Format a moment in the community's time zone; of today the time alone."""
        local, today = moment.astimezone(self.zone), self.now.astimezone(self.zone)
        if local.date() == today.date():
            return local.strftime("%H:%M")
        return local.strftime("%m-%d %H:%M" if local.year == today.year else "%Y-%m-%d %H:%M")

    def lasting(self, span: timedelta) -> str:
        """Format a duration in its two largest units."""
        minutes = int(abs(span).total_seconds() // 60)
        days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
        if days:
            return self.say("{d} 天 {h} 小时", d=days, h=hours) if hours else self.say("{d} 天", d=days)
        if hours:
            return self.say("{h} 小时 {m} 分", h=hours, m=rest) if rest else self.say("{h} 小时", h=hours)
        return self.say("{m} 分", m=rest)

    async def scope(self, right: Right) -> Scope | None:
        """Find how far a right reaches in the community shown; None without the right."""
        if self.community is None:
            return None
        found = await self.gongdan.scopes.scope(self.directory, self.login, self.community, right)
        return None if found.nothing else found

    async def numbers(self, tickets: Iterable[UUID]) -> dict[UUID, str]:
        """Find the intake numbers of tickets, by id."""
        taken = await self.gongdan.journal.log.numbers_of(list(tickets))
        return {id_: one.number for id_, numbers in taken.items() for one in numbers if one.book == Book.INTAKE}

    def carrier(self, assignee: Assignee | None) -> str:
        """Name an assignee."""
        if assignee is None or self.community is None:
            return self.say("未派")
        if assignee.type is AssigneeType.CONTRACTOR:
            return self.directory.community(self.community).contractors.get(assignee.id, assignee.id)
        return self.person(assignee.id) if assignee.type is AssigneeType.PERSON else self.say("班组 {code}", code=assignee.id)

    def carrier_named(self, assignee: str | AssigneeAnswer | None) -> str:
        """Name an assignee given as in documents."""
        if assignee is None or isinstance(assignee, str):
            return self.person(assignee) if assignee else self.say("未派")
        return self.carrier(Assignee(assignee.type, assignee.id))

    def carrier_code(self, assignee: Assignee) -> str:
        """Write an assignee as filters do: a login, ``team:CODE`` or ``contractor:CODE``."""
        return assignee.id if assignee.type is AssigneeType.PERSON else f"{assignee.type.value}:{assignee.id}"

    def place(self, row: Located) -> str:
        """Name a location without its personal data: area, building and entrance, or a public place."""
        areas = self.directory.community(self.community).areas if self.community else {}
        parts = [areas.get(row.area, row.area) if row.area else None]
        parts += [self.say("{n} 栋", n=row.building)] if row.building else []
        parts += [self.say("{n} 单元", n=row.entrance)] if row.entrance else []
        parts += [row.public_place]
        return " ".join(part for part in parts if part)

    def person(self, login: str) -> str:
        """Name a person; an unknown login stays a login."""
        known = self.directory.people.get(login)
        return known.name if known else login

    def people(self, logins: Iterable[str]) -> str:
        """Name several people."""
        return self.words.many([self.person(login) for login in logins])


async def visitor(request: Request) -> Visitor:
    """Identify the signed-in visitor and count the request against the session's rate; see :func:`identify`."""
    found = await identify(request)
    await found.site.api.per_token.hit(found.session.id.hex)
    request.state.login = found.login
    request.state.visitor = found
    return found


async def identify(request: Request) -> Visitor:
    """Identify the signed-in visitor; raises Unauthenticated without a live session, or for a disabled person."""
    guest = Guest(request)
    sign_ins = guest.gongdan.sign_ins
    session, version = await sign_ins.current(guest.secret)
    directory = await guest.gongdan.directory.current(version)
    person = directory.people.get(session.login) if session else None
    if session is None or person is None or not person.enabled:
        raise Unauthenticated
    return Visitor(request, session, directory, version)


TheVisitor = Annotated[Visitor, Depends(visitor)]


async def known(request: Request) -> Guest:
    """Identify the visitor, or make a guest, for pages that are shown to both."""
    there: Visitor | None = getattr(request.state, "visitor", None)
    if there is not None:
        return there
    try:
        return await visitor(request)
    except Refusal:
        return Guest(request)


def is_secure(request: Request) -> bool:
    """Whether the browser uses https, to this server or to the proxy before it."""
    return request.url.scheme == "https"


def session_cookie(request: Request) -> str:
    """Name of the session cookie. Over https its prefix keeps other hosts and http pages from setting it."""
    return "__Host-gongdan" if is_secure(request) else "gongdan"


def give_session(answer: Response, request: Request, secret: str) -> None:
    """Set the session cookie, which lasts until the browser is closed."""
    answer.set_cookie(session_cookie(request), secret, httponly=True, samesite="lax", secure=is_secure(request), path="/")


def give_choice(answer: Response, request: Request, name: str, value: str) -> None:
    """Set the cookie of a preference for a year."""
    answer.set_cookie(name, value, max_age=YEAR, httponly=True, samesite="lax", secure=is_secure(request), path="/")


def local(address: str | None, otherwise: str = "/") -> str:
    """Return the address if it is within this site, else ``otherwise``, so that no link can redirect to another site."""
    if address and address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable():
        return address
    return otherwise


def go(address: str) -> Response:
    """Redirect (303) after a form, so that reloading the page doesn't send the form again."""
    return RedirectResponse(address, 303, HEADERS)
