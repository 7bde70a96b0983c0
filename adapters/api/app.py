"""The web application: routes, problems, the layer around every request, and its opening from the settings."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from adapters.api import (
    PREFIX,
    appraisal_inputs,
    approvals,
    attachments,
    duty,
    operation,
    people,
    privacy,
    registers,
    registry,
    rosters,
    rule_books,
    shifts,
    tickets,
    workdays,
    workload,
)
from adapters.api.context import Api
from adapters.api.description import describe
from adapters.api.logs import configure
from adapters.api.problems import on_http_error, on_invalid_request, on_refusal
from adapters.api.watching import Watching
from adapters.composition import Gongdan, opened
from adapters.settings import Settings
from domain.errors import Refusal

ROUTERS = (
    workload.router,
    tickets.router,
    attachments.router,
    approvals.router,
    shifts.router,
    duty.router,
    workdays.router,
    rosters.router,
    registers.router,
    registry.router,
    rule_books.router,
    appraisal_inputs.router,
    people.router,
    privacy.router,
    operation.router,
    operation.root,
)
VERSION = version("gongdan")


def create_app(gongdan: Gongdan) -> FastAPI:
    """The application over an open Gongdan, which the caller closes."""
    app = _application()
    app.state.api = Api(gongdan)
    return app


def from_settings() -> FastAPI:
    """The application over the store that the settings name, opened when the server starts: the factory for uvicorn."""
    settings = Settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        configure(settings.log_level)
        async with opened(settings) as gongdan:
            app.state.api = Api(gongdan)
            await gongdan.attachments.sweep()
            await gongdan.projections.start()
            await gongdan.processes.start()
            yield

    return _application(lifespan=lifespan)


def _application(**more: Any) -> FastAPI:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False, **more)
    app.add_middleware(Watching)
    app.add_exception_handler(Refusal, on_refusal)
    app.add_exception_handler(HTTPException, on_http_error)
    app.add_exception_handler(RequestValidationError, on_invalid_request)
    for router in ROUTERS:
        app.router.routes.extend(router.routes)
    described = cache(lambda: describe(app, VERSION))

    @app.get(f"{PREFIX}/openapi.json", include_in_schema=False)
    async def openapi() -> dict[str, Any]:
        return described()

    return app
