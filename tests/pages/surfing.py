"""A browser without scripts: gets pages, follows redirects after forms, fills in the forms it finds, keeps cookies."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import httpx2

SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin", "Origin": "http://test"}
PASSWORD = "correct horse 电池"
"""Everybody's, in the tests."""


@dataclass
class FoundForm:
    """A form of a page: where it goes, and what its fields hold."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)


class Forms(HTMLParser):
    """The forms of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[FoundForm] = []
        self._select = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append(FoundForm(said.get("action", ""), said.get("method", "get")))
        elif not self.found:
            return
        elif tag == "input" and said.get("name"):
            self.found[-1].names.append(said["name"])
            if said.get("type") not in ("checkbox", "radio", "submit") or "checked" in said:
                self.found[-1].fields[said["name"]] = said.get("value", "")
        elif tag in ("select", "textarea") and said.get("name"):
            self.found[-1].names.append(said["name"])
            self._select = said["name"] if tag == "select" and "multiple" not in said else ""
        elif tag == "option" and self._select and ("selected" in said or self._select not in self.found[-1].fields):
            self.found[-1].fields[self._select] = said.get("value", "")


@dataclass
class Surfer:
    """Somebody before a browser without scripts; ``page`` is what it shows."""

    http: httpx2.AsyncClient
    page: httpx2.Response | None = None

    async def get(self, path: str, **headers: str) -> httpx2.Response:
        """Open a page, following redirects."""
        self.page = await self.http.get(path, headers=headers, follow_redirects=True)
        return self.page

    def form(self, action: str, method: str | None = None) -> FoundForm:
        """The form of the page that goes to an address."""
        assert self.page is not None
        found = Forms(self.page.text).found
        return next(form for form in found if form.action == action and method in (None, form.method))

    async def submit(
        self, action: str, *, follow: bool = True, headers: dict[str, str] | None = None, **fields: Any
    ) -> httpx2.Response:
        """Fill in a form of the page and send it; a field that is None is left out."""
        filled = {name: value for name, value in (self.form(action, "post").fields | fields).items() if value is not None}
        answer = await self.http.post(
            action, data=filled, headers=SAME_ORIGIN if headers is None else headers, follow_redirects=follow
        )
        self.page = answer
        return answer

    async def sign_in(self, login: str, password: str = PASSWORD) -> httpx2.Response:
        """Sign in."""
        await self.get("/sign-in")
        return await self.submit("/sign-in", login=login, password=password)


def text_of(answer: httpx2.Response) -> str:
    """A page's text without tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", answer.text))
