"""The application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from vmevalkit import __version__
from vmevalkit.catalog import Catalog
from vmevalkit.web.api import api_router
from vmevalkit.web.api._conditional import NotModifiedError, not_modified
from vmevalkit.web.config import DashboardConfig
from vmevalkit.web.dashboard import Dashboard
from vmevalkit.web.errors import install_error_handlers
from vmevalkit.web.media import media_router
from vmevalkit.web.pages import routers
from vmevalkit.web.rating import rating_router
from vmevalkit.web.security import Walls

_STATIC = Path(__file__).parent / "static"
_DESCRIPTION = """Questions, videos and scores of video models on puzzles.

Lists are paged: give `next_cursor` back as `cursor` for the page after, `previous_cursor` as `before` for the page
before. They carry an `ETag` that stays the same as long as nothing has changed; ask with `If-None-Match` to be told so
by a 304. Whatever is no success has the same shape: `{"error": {"code", "message", "hint"}}`."""


def create_app(config: DashboardConfig) -> FastAPI:
    """Build the dashboard for one data root. Reads nothing until it is started or asked something."""
    dashboard = Dashboard(config, Catalog(config.root))
    app = bare_app(dashboard)
    app.include_router(api_router(dashboard))
    app.include_router(rating_router(config.root))
    app.include_router(media_router(config))
    for router in routers(dashboard):
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=_STATIC), name="static")
    return app


def bare_app(dashboard: Dashboard) -> FastAPI:
    """Build an application without routes: what surrounds all of them.

    While it runs, the index is kept up to date in the background.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        with dashboard.catalog:
            yield

    config = dashboard.config
    app = FastAPI(
        title="VMEvalKit dashboard",
        version=__version__,
        description=_DESCRIPTION,
        docs_url=None,  # FastAPI's own page loads its scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,  # it would lead behind a proxy to where the proxy is not
        lifespan=lifespan,
    )
    app.state.dashboard = dashboard
    install_error_handlers(app, config.root)
    app.add_exception_handler(NotModifiedError, not_modified)
    app.add_middleware(
        Walls,
        allowed_hosts=config.allowed_hosts,
        max_body_bytes=config.max_body_bytes,
        token=config.token,
        root_path=config.root_path,
    )
    return app
