"""Video models: the protocols they follow, and which there are."""

from vmevalkit.models.base import Film, FilmRequest, ModelError, StoppedError, VideoModel
from vmevalkit.models.baselines import BASELINES
from vmevalkit.models.entry import Limits, ModelEntry
from vmevalkit.models.fitting import Fitted, fit, on_canvas
from vmevalkit.models.provider import CredentialsError, Provider, ProviderError, UnavailableError, VideoJob
from vmevalkit.models.registry import (
    catalogue,
    find_key,
    find_model,
    is_hosted,
    is_idempotent,
    missing_keys,
    open_local,
    open_provider,
    require_keys,
)

__all__ = [
    "BASELINES",
    "CredentialsError",
    "Film",
    "FilmRequest",
    "Fitted",
    "Limits",
    "ModelEntry",
    "ModelError",
    "Provider",
    "ProviderError",
    "StoppedError",
    "UnavailableError",
    "VideoJob",
    "VideoModel",
    "catalogue",
    "find_key",
    "find_model",
    "fit",
    "is_hosted",
    "is_idempotent",
    "missing_keys",
    "on_canvas",
    "open_local",
    "open_provider",
    "require_keys",
]
