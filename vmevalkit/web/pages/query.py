"""What the addresses of pages have in common: a field of a form that was left empty asks for nothing."""

from collections.abc import Iterable
from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict

from vmevalkit.catalog import DEFAULT_EVALUATOR

Value = TypeVar("Value")
MOST_OPTIONS = 300
"""How many names a field lets one choose from; more are typed into the address."""


def _none_if_blank(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


Given = Annotated[Value | None, BeforeValidator(_none_if_blank)]
"""A value, or `None` where the address has none or an empty one."""


class PageQuery(BaseModel):
    """What a page can be asked; what it does not know is passed over."""

    model_config = ConfigDict(frozen=True)


class ScoredQuery(PageQuery):
    """What a page can be asked that shows scores."""

    experiment: Given[str] = None
    evaluator: Given[str] = None

    @property
    def scored_by(self) -> str:
        """Whose scores are shown."""
        return self.evaluator or DEFAULT_EVALUATOR


def options(names: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Return the options of a field: each name stands for itself."""
    return tuple((name, name) for name in names)[:MOST_OPTIONS]
