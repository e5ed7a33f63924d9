"""The application."""

from pathlib import Path

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from vmevalkit import __version__
from vmevalkit.web.api import api_router
from vmevalkit.web.config import DashboardConfig
from vmevalkit.web.errors import install_error_handlers
from vmevalkit.web.media import media_router
from vmevalkit.web.pages import docs_router, pages_router
from vmevalkit.web.questions import Questions
from vmevalkit.web.results import Results
from vmevalkit.web.security import Walls

_STATIC = Path(__file__).parent / "static"


def create_app(config: DashboardConfig) -> FastAPI:
    """Build the dashboard for one data root. Reads nothing until it is asked something."""
    app = FastAPI(
        title="VMEvalKit dashboard",
        version=__version__,
        description="Results of video models on puzzles: questions, videos and scores.",
        docs_url=None,  # FastAPI's own page loads its scripts from elsewhere
        redoc_url=None,
    )
    results = Results(config.root)
    app.include_router(api_router(results))
    app.include_router(media_router(config))
    app.include_router(pages_router(config, results, Questions(config.root, results)))
    app.include_router(docs_router(app))
    app.mount("/static", StaticFiles(directory=_STATIC), name="static")
    install_error_handlers(app)
    app.add_middleware(Walls, allowed_hosts=config.allowed_hosts, max_body_bytes=config.max_body_bytes)
    return app
