"""Web application: API, pages, exception handlers and middleware, and its start from the settings."""

import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import cache
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from adapters.api.openapi.description import describe
from adapters.api.routes import routes as api_routes
from adapters.composition import Gongdan, opened
from adapters.pages.frame import refusals
from adapters.pages.frame.site import Site
from adapters.pages.routes import routes as page_routes
from adapters.rendering.assets import Assets
from adapters.rendering.environment import Templates
from adapters.server.admitting import Admitting
from adapters.server.reading import EndsWithCaller
from adapters.server.watching import Watching
from adapters.system.settings import Settings
from adapters.web import problems
from adapters.web.context import Api
from adapters.web.logs import configure
from adapters.web.routing import PREFIX
from domain.kernel.errors import Refusal

VERSION = version("gongdan")
Handler = Callable[[Request, Exception], Awaitable[Response]]


def create_app(gongdan: Gongdan) -> FastAPI:
    """Make the application of a running Gongdan; the caller closes that."""
    app = _application()
    _serve(app, gongdan)
    return app


def _serve(app: FastAPI, gongdan: Gongdan) -> None:
    app.state.api = Api(gongdan)
    assets = Assets()
    app.state.templates = Templates(assets)
    app.state.site = Site(app.state.api, assets, app.state.templates)


def from_settings() -> FastAPI:
    """Make the application for uvicorn; on start it opens the store named by the settings."""
    settings = Settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        configure(settings.log_level)
        async with opened(settings) as gongdan:
            _serve(app, gongdan)
            await gongdan.attachments.sweep()
            await gongdan.sign_ins.sweep()
            if settings.follow:
                await gongdan.projections.start(gongdan.processes)
            # What was made by now lives as long as the server: a full collection that walked it, some 200,000 objects, would
            # stop every request for 40 ms or more.
            gc.collect()
            gc.freeze()
            yield

    return _application(lifespan=lifespan)


def _application(**more: Any) -> FastAPI:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False, **more)
    overloaded = _by(problems.on_refusal, refusals.on_overload)
    app.add_middleware(Admitting, refused=overloaded)
    app.add_middleware(EndsWithCaller, seconds=_read_seconds, refuse=overloaded)
    app.add_middleware(Watching, failed=_failed)
    app.add_exception_handler(Refusal, _by(problems.on_refusal, refusals.on_refusal))
    app.add_exception_handler(HTTPException, _by(problems.on_http_error, refusals.on_http_error))
    app.add_exception_handler(RequestValidationError, _by(problems.on_invalid_request, refusals.on_invalid_request))
    app.router.routes.extend(api_routes())
    app.router.routes.extend(page_routes())
    described = cache(lambda: describe(app, VERSION))

    @app.get(f"{PREFIX}/openapi.json", include_in_schema=False)
    async def openapi() -> dict[str, Any]:
        return described()

    return app


OPERATION = ("/healthz", "/readyz", "/metrics")


def _for_programs(request: Request) -> bool:
    """Whether the path is for programs, whose errors are JSON problems. On other paths errors are pages."""
    return request.url.path.startswith("/api/") or request.url.path in OPERATION


def _by(api: Handler, pages: Handler) -> Handler:
    async def handle(request: Request, error: Exception) -> Response:
        return await (api if _for_programs(request) else pages)(request, error)

    return handle


def _read_seconds(scope: Scope) -> float:
    api: Api = scope["app"].state.api
    return api.gongdan.settings.read_seconds


def _failed(request: Request, request_id: str) -> Response:
    served = hasattr(request.app.state, "site")
    if _for_programs(request) or not served:
        return problems.internal_response(request_id)
    return refusals.failed(request, request_id)
