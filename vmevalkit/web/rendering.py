"""Pages from templates. Each template is given one view, whose type says all that it may use."""

from dataclasses import dataclass
from types import ModuleType

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request

from vmevalkit import __version__
from vmevalkit.catalog import DEFAULT_EVALUATOR
from vmevalkit.dataroot import is_name
from vmevalkit.web import formats
from vmevalkit.web.links import Links


@dataclass(frozen=True)
class EmptyState:
    """What a page says where there is nothing to show: why, and what to do about it."""

    title: str
    message: str
    commands: tuple[str, ...] = ()
    """What to type, if that helps."""
    link: str | None = None
    """Where to go, if that helps."""
    link_text: str = "Show everything"


@dataclass(frozen=True)
class Choice:
    """One of several that a page can show, as a link: a page's tab, a column's order."""

    text: str
    link: str
    is_chosen: bool


@dataclass(frozen=True)
class Pager:
    """Where the pages around this one are; `None` where there is none."""

    previous: str | None
    next: str | None
    first: str | None = None


@dataclass(frozen=True)
class ErrorView:
    """For ``error.html``."""

    status: int
    title: str
    message: str
    hint: str | None


_ENVIRONMENT = Environment(
    loader=PackageLoader("vmevalkit.web"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_GLOBALS: dict[str, ModuleType | str] = {
    "formats": formats,
    "version": __version__,
    "default_evaluator": DEFAULT_EVALUATOR,
}
_ENVIRONMENT.globals.update(_GLOBALS)


def render(request: Request, template: str, view: object) -> str:
    """Fill a template.

    Besides its view it knows ``links`` (every address, below the proxy's prefix), ``formats`` (numbers and times as
    people read them), ``version``, ``default_evaluator``, and ``experiment``: the one that the address names, so that
    the way to the other pages keeps it.
    """
    experiment = request.query_params.get("experiment", "")
    return _ENVIRONMENT.get_template(template).render(
        view=view, links=Links.of(request), experiment=experiment if is_name(experiment) else None
    )
