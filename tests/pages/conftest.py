"""The pages over a real composition, for a browser without scripts."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import anyio
import httpx2
import pytest
from fastapi import FastAPI
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from adapters.accounts.passwords import Passwords
from adapters.server.app import create_app
from tests.api.conftest import Template, opened_copy, template
from tests.pages.surfing import PASSWORD, Surfer
from tests.support.estates.api_estate import Estate, follow

__all__ = ["template"]


@pytest.fixture(scope="session")
def passwords() -> Passwords:
    """Hash passwords by the product's algorithm at its least cost, because every test signs in."""
    return Passwords(PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),)))


@pytest.fixture(scope="session")
def password_hash(passwords: Passwords) -> str:
    """The hash of everybody's password."""
    return anyio.run(passwords.hashed, PASSWORD)


@pytest.fixture
async def estate(template: Template, passwords: Passwords, password_hash: str, tmp_path: Path) -> AsyncIterator[Estate]:
    """A new store with the estate in it, whose people may sign in."""
    async with opened_copy(template, tmp_path) as estate:
        estate.gongdan.sign_ins.passwords = passwords
        for login in ("li", "zhang", "chen", "wang", "root", "shen", "fang"):
            await estate.gongdan.sign_ins.put_hash(login, password_hash)
        yield estate


@pytest.fixture
async def app(estate: Estate) -> FastAPI:
    """The application, its read models moving along."""
    await follow(estate.gongdan)
    return create_app(estate.gongdan)


@pytest.fixture
async def surfers(app: FastAPI) -> AsyncIterator[Callable[[], Surfer]]:
    """Makes browsers."""
    async with AsyncExitStack() as stack:
        made: list[httpx2.AsyncClient] = []

        def surfer() -> Surfer:
            transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
            made.append(httpx2.AsyncClient(transport=transport, base_url="http://test"))
            stack.push_async_callback(made[-1].aclose)
            return Surfer(made[-1])

        yield surfer


@pytest.fixture
def surfer(surfers: Callable[[], Surfer]) -> Surfer:
    """A browser."""
    return surfers()
