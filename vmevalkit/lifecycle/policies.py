"""How long data is kept: the defaults, and what the settings say instead."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, Self

from vmevalkit.dataroot import check_name
from vmevalkit.errors import UnknownNameError, UnsafePathError, UsageError
from vmevalkit.settings import Settings

Kept = Literal["evaluations", "outputs"]
"""A section that retention removes from."""

FOREVER = "forever"
RETENTION_POLICIES: Mapping[str, int | None] = MappingProxyType(
    {"questions": None, "outputs": 90, "evaluations": 180, "temp": 7}
)
"""Days; `None` is forever."""

_EXPERIMENTS = "experiments"


@dataclass(frozen=True)
class Policies:
    """For how many days things are kept after they were last written to; `None` is forever."""

    outputs: int | None = RETENTION_POLICIES["outputs"]
    evaluations: int | None = RETENTION_POLICIES["evaluations"]
    temp: int | None = RETENTION_POLICIES["temp"]
    experiments: Mapping[str, Mapping[str, int | None]] = field(default_factory=dict)
    """What is different for single experiments, by ``outputs`` and ``evaluations``."""

    def days(self, section: Kept, experiment: str) -> int | None:
        """Return how long a section of an experiment is kept."""
        usual = self.outputs if section == "outputs" else self.evaluations
        return self.experiments.get(experiment, {}).get(section, usual)

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Read them from the table ``[retention]`` of ``vmevalkit.toml``.

        Raises:
            UsageError: there is something else in it than days and ``forever``, or questions would be removed.

        """
        table = dict(settings.retention)
        several = table.pop(_EXPERIMENTS, {})
        if not isinstance(several, dict):
            raise UsageError("setting retention.experiments: is not a table", hint="write [retention.experiments.NAME]")
        days = _table("retention", table, {*RETENTION_POLICIES})
        if days.pop("questions", None) is not None:
            raise UsageError(
                "setting retention.questions: questions are never removed", hint=f'leave it away, or write "{FOREVER}"'
            )
        experiments = {}
        for name, own in several.items():
            try:
                check_name("experiment", name)
            except UnsafePathError as error:
                raise UsageError(f"setting retention.experiments: {error.message}", hint=error.hint) from error
            experiments[name] = _table(f"retention.experiments.{name}", own, {"outputs", "evaluations"})
        return cls(
            outputs=days.get("outputs", cls.outputs),
            evaluations=days.get("evaluations", cls.evaluations),
            temp=days.get("temp", cls.temp),
            experiments=experiments,
        )


def _table(where: str, table: object, known: set[str]) -> dict[str, int | None]:
    if not isinstance(table, dict):
        raise UsageError(f"setting {where}: is not a table", hint=f"write [{where}] and a line per kind below it")
    for name in table:
        if name not in known:
            raise UnknownNameError(f"setting in {where}", name, known)
    return {name: _days(f"{where}.{name}", value) for name, value in table.items()}


def _days(where: str, value: object) -> int | None:
    if value == FOREVER:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 36_500:
        raise UsageError(f"setting {where}: {value!r} is no number of days", hint=f'write 0 to 36500, or "{FOREVER}"')
    return value
