"""Video models: the protocol they follow, and which there are."""

from vmevalkit.errors import UnknownNameError
from vmevalkit.models.base import Film, FilmRequest, ModelError, VideoModel
from vmevalkit.models.baselines import Crossfade, Noise, Oracle, Static, Wrong

__all__ = ["MODELS", "Film", "FilmRequest", "ModelError", "VideoModel", "get_model"]

MODELS: dict[str, type[VideoModel]] = {model.name: model for model in (Oracle, Static, Crossfade, Noise, Wrong)}
"""The models, by name."""


def get_model(name: str) -> VideoModel:
    """Make a model ready for use.

    Raises:
        UnknownNameError: there is no such model.

    """
    if name not in MODELS:
        raise UnknownNameError("model", name, MODELS)
    return MODELS[name]()
