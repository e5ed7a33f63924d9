"""``/docs``: the routes of the API, from the application's own OpenAPI description."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from starlette.responses import HTMLResponse

from vmevalkit.web.dashboard import Dashboard
from vmevalkit.web.links import Links
from vmevalkit.web.rendering import render

Paragraph = tuple[tuple[str, bool], ...]
"""Pieces of text, each with whether it is code."""


@dataclass(frozen=True)
class Parameter:
    """A parameter of a route."""

    name: str
    where: str
    description: str


@dataclass(frozen=True)
class RouteDoc:
    """A route of the API."""

    group: str
    method: str
    path: str
    about: tuple[Paragraph, ...]
    parameters: tuple[Parameter, ...]

    @property
    def anchor(self) -> str:
        """What a link to it ends with."""
        letters = "".join(letter if letter.isalnum() else "-" for letter in self.path.strip("/"))
        return f"{self.method.lower()}-{letters}"


@dataclass(frozen=True)
class DocsView:
    """For ``docs.html``."""

    title: str
    version: str
    about: tuple[Paragraph, ...]
    openapi: str
    groups: tuple[tuple[str, tuple[RouteDoc, ...]], ...]


def docs_router(dashboard: Dashboard) -> APIRouter:  # noqa: ARG001 - made like all the others
    """Build the route of the page."""
    router = APIRouter(default_response_class=HTMLResponse, include_in_schema=False)

    @router.get("/docs")
    def show_docs(request: Request) -> str:
        return render(request, "docs.html", _view(request.app, Links.of(request)))

    return router


def _view(app: FastAPI, links: Links) -> DocsView:
    routes = sorted(_routes(app.openapi()), key=lambda route: route.group)
    groups = tuple((group, tuple(found)) for group, found in groupby(routes, key=lambda route: route.group))
    return DocsView(app.title, app.version, _paragraphs(app.description), links.path("openapi.json"), groups)


def _routes(schema: dict[str, Any]) -> Iterator[RouteDoc]:
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            parameters = tuple(
                Parameter(p["name"], p["in"], p.get("description", "")) for p in operation.get("parameters", ())
            )
            yield RouteDoc(
                _group(path), method.upper(), path, _paragraphs(operation.get("description", "")), parameters
            )


def _group(path: str) -> str:
    """Return what a route is listed under: ``results`` for ``/api/results/summary``."""
    section, _, rest = path.strip("/").partition("/")
    return rest.partition("/")[0] if section == "api" and rest else section


def _paragraphs(text: str) -> tuple[Paragraph, ...]:
    """Read the little Markdown that descriptions are written in: empty lines between paragraphs, code in backticks."""
    blocks = (" ".join(block.split()).replace("``", "`") for block in text.split("\n\n"))
    return tuple(
        tuple((piece, place % 2 == 1) for place, piece in enumerate(block.split("`")) if piece)
        for block in blocks
        if block
    )
