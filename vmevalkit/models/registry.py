"""Which models there are: the built-in ones, those of other packages, and the user's own.

A package adds models through the entry point group ``vmevalkit.models``; an entry point is a `ModelEntry`, several of
them, or a class that follows `VideoModel`. A user adds them as tables ``[models.NAME]`` in ``vmevalkit.toml``, with
``type`` and what belongs to it.
"""

import os
from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PositiveInt, ValidationError

from vmevalkit.errors import UnknownNameError, UsageError, first_problem
from vmevalkit.models.base import VideoModel
from vmevalkit.models.baselines import BASELINES
from vmevalkit.models.entry import Limits, ModelEntry
from vmevalkit.models.provider import Provider
from vmevalkit.settings import VariableName

ENTRY_POINT_GROUP = "vmevalkit.models"

_ADAPTERS = {
    "fal": ("fal", "FalProvider"),
    "google": ("google", "GoogleProvider"),
    "google-cloud": ("google_cloud", "GoogleCloudProvider"),
    "luma": ("luma", "LumaProvider"),
    "openai": ("openai_videos", "OpenAIVideosProvider"),
    "replicate": ("replicate", "ReplicateProvider"),
    "runway": ("runway", "RunwayProvider"),
    "wavespeed": ("wavespeed", "WaveSpeedProvider"),
}
_SENDING_KEYS = ("openai",)
"""Adapters that send an ``Idempotency-Key``."""
_LOCAL = ("baseline", "command", "diffusers", "python")


def catalogue(own: Mapping[str, Mapping[str, Any]] | None = None) -> dict[str, ModelEntry]:
    """Return all models by name.

    Args:
        own: the user's tables, by name; they go before others of the same name.

    Raises:
        UsageError: one of the user's tables, or another package's entry point, cannot be used.

    """
    found = {entry.name: entry for entry in _built_in()}
    for point in entry_points(group=ENTRY_POINT_GROUP):
        found |= {entry.name: entry for entry in _from_package(point)}
    found |= {name: _from_table(name, table) for name, table in (own or {}).items()}
    return found


def find_model(models: Mapping[str, ModelEntry], name: str) -> ModelEntry:
    """Return a model; `UnknownNameError` if there is none of that name."""
    if name not in models:
        raise UnknownNameError("model", name, models)
    return models[name]


def is_hosted(entry: ModelEntry) -> bool:
    """Tell whether a model is asked over the network, rather than run here."""
    return entry.provider in _ADAPTERS


def is_idempotent(entry: ModelEntry) -> bool:
    """Tell whether a submission that is repeated makes no second job: adapter and server both have to see to it."""
    return entry.idempotent and entry.provider in _SENDING_KEYS


def open_provider(entry: ModelEntry, keys: Mapping[str, str], *, silence: float = 60.0) -> Provider:
    """Make the adapter of a hosted model.

    Args:
        entry: the model.
        keys: where its key is looked up, such as the environment.
        silence: how many seconds the server may stay silent.

    Raises:
        UsageError: the key or the official client is missing, the key cannot be one, or the model is retired.

    """
    if entry.retired is not None:
        raise UsageError(f"{entry.name} cannot be run any more: {entry.retired}")
    require_keys(entry, keys)
    key = find_key(entry, keys)
    module, name = _ADAPTERS[entry.provider]
    adapter = getattr(import_module(f"vmevalkit.models.{module}"), name)
    provider: Provider = adapter(entry, key, base_url=entry.base_url, silence=silence)
    return provider


def missing_keys(entry: ModelEntry, keys: Mapping[str, str] = os.environ) -> list[str]:
    """Return the environment variables that a hosted model needs and that are not set."""
    return [name for name in entry.needs if not keys.get(name, "").strip()] if is_hosted(entry) else []


def require_keys(entry: ModelEntry, keys: Mapping[str, str]) -> None:
    """Raise a `UsageError` if a key that a model needs is missing, or cannot be one."""
    for name in missing_keys(entry, keys):
        raise UsageError(f"{entry.name} needs {name}", hint=f"set {name} in the environment or in .env")
    key = find_key(entry, keys)
    if not (key.isascii() and key.isprintable()):
        # No request could be sent with it, and each would look like one that was lost on its way.
        name = entry.needs[0]
        raise UsageError(
            f"{entry.name}: {name} is no key: it holds characters that no key has", hint=f"set {name} anew"
        )


def find_key(entry: ModelEntry, keys: Mapping[str, str]) -> str:
    """Return the key of a hosted model, empty if it needs none; without what a file may have around it."""
    return keys.get(entry.needs[0], "").strip() if entry.needs else ""


def open_local(entry: ModelEntry) -> VideoModel:
    """Make a model that runs on this machine.

    Raises:
        UsageError: what it needs is missing.

    """
    if entry.provider == "baseline":
        return BASELINES[entry.name]()
    model: VideoModel
    try:
        if entry.provider == "command":
            from vmevalkit.models.command import CommandModel

            model = CommandModel(entry.name, **entry.options)  # type: ignore[arg-type] # as the user's table says
        elif entry.provider == "diffusers":
            from vmevalkit.models.diffusers import DiffusersModel

            model = DiffusersModel(entry.name, **entry.options)  # type: ignore[arg-type] # likewise
        else:
            model = EntryPoint(entry.name, entry.model_id, ENTRY_POINT_GROUP).load()(**entry.options)
    except (TypeError, ImportError, AttributeError, ValueError) as error:
        raise UsageError(f"model {entry.name}: {error}", hint=f"correct [models.{entry.name}]") from error
    return model


def _built_in() -> Iterator[ModelEntry]:
    for name, model in BASELINES.items():
        yield ModelEntry(name, "baseline", name, model.description, model.version, concurrency=1)
    for module, _ in _ADAPTERS.values():
        yield from import_module(f"vmevalkit.models.{module}").ENTRIES


def _from_package(point: EntryPoint) -> Iterator[ModelEntry]:
    try:
        value = point.load()
    except (ImportError, AttributeError) as error:
        raise UsageError(f"model {point.name} of another package cannot be loaded: {error}") from error
    if isinstance(value, ModelEntry):
        yield value
    elif isinstance(value, type):
        description, version = getattr(value, "description", ""), getattr(value, "version", "1")
        yield ModelEntry(point.name, "python", point.value, description, version, concurrency=1)
    elif isinstance(value, tuple | list) and all(isinstance(item, ModelEntry) for item in value):
        yield from value
    else:
        raise UsageError(f"entry point {point.name} of {ENTRY_POINT_GROUP} is no model: {point.value}")


def _as_size(value: object) -> object:
    """Read ``832x480``."""
    return tuple(value.split("x")) if isinstance(value, str) else value


class _Table(BaseModel):
    """What a user's table can hold, whatever its type; the rest are options."""

    model_config = ConfigDict(extra="allow", allow_inf_nan=False)

    type: Literal[
        "command",
        "diffusers",
        "python",
        "fal",
        "google",
        "google-cloud",
        "luma",
        "openai",
        "replicate",
        "runway",
        "wavespeed",
    ]
    model_id: str = ""
    description: str = ""
    version: str = "1"
    sizes: list[Annotated[tuple[PositiveInt, PositiveInt], BeforeValidator(_as_size)]] = []
    seconds: list[Annotated[float, Field(gt=0)]] = []
    fps: float | None = Field(default=None, gt=0)
    usd_per_second: float | None = Field(default=None, ge=0)
    key: VariableName | None = None
    base_url: str | None = None
    idempotent: bool = False
    concurrency: int | None = Field(default=None, ge=1)
    per_minute: float | None = Field(default=None, gt=0)


def _from_table(name: str, table: Mapping[str, Any]) -> ModelEntry:
    try:
        known = _Table.model_validate(dict(table))
    except ValidationError as error:
        raise UsageError(f"[models.{name}] {first_problem(error)}", hint="correct vmevalkit.toml") from error
    local = known.type in _LOCAL
    options = dict(known.model_extra or {})
    if local:
        # These are settings of the model itself there, not of a service.
        options |= {field: table[field] for field in ("sizes", "seconds", "fps") if field in table}
    return ModelEntry(
        name=name,
        provider=known.type,
        model_id=known.model_id or name,
        description=known.description or f"your own, through {known.type}",
        version=known.version,
        limits=Limits() if local else Limits(tuple(known.sizes), tuple(known.seconds), known.fps),
        usd_per_second=known.usd_per_second,
        needs=(known.key,) if known.key else (),
        extra=None if known.type in ("command", "python") else known.type,
        base_url=known.base_url,
        idempotent=known.idempotent,
        concurrency=known.concurrency or (1 if local else 4),
        per_minute=known.per_minute,
        options=options,
    )
