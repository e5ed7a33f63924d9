"""Which videos a pipeline of diffusers can make, and on which device."""

import math
from dataclasses import dataclass
from typing import Any

from vmevalkit.errors import UsageError

Untyped = Any
"""What is of torch or diffusers, which are only there where the extra is installed, and have hardly any types."""


@dataclass(frozen=True)
class FilmPlan:
    """What a pipeline is going to make of a request."""

    width: int
    height: int
    frames: int
    fps: int


@dataclass(frozen=True)
class Grid:
    """Which sizes and numbers of frames a pipeline can make."""

    pixels: int = 16
    """Width and height are multiples of this."""
    frames: int = 1
    """The number of frames is a multiple of this and one more; 1 if it can be any."""
    size: tuple[int, int] | None = None
    """The only width and height, if there is only one."""
    most_frames: int | None = None
    dropped_frames: int = 0
    """How many of the frames that it is asked for it leaves out in the end."""


def grid_of(pipeline: Untyped) -> Grid:
    """Read a pipeline's grid from its parts: the compression of its VAE and the patches of its transformer."""
    spatial = _first_of(pipeline, "vae_spatial_compression_ratio", "vae_scale_factor_spatial", "vae_scale_factor") or 8
    temporal = _first_of(pipeline, "vae_temporal_compression_ratio", "vae_scale_factor_temporal") or 1
    unet = getattr(pipeline, "unet", None)
    if unet is not None:
        halvings = len(unet.config.block_out_channels) - 1
        most = getattr(unet.config, "num_frames", None)
        return Grid(math.lcm(16, spatial * 2**halvings), temporal, most_frames=most)
    transformer = getattr(pipeline, "transformer", None) or getattr(pipeline, "transformer_2", None)
    config: Untyped = getattr(transformer, "config", None)
    patch = getattr(config, "patch_size", None) or 1
    if not isinstance(patch, int):
        patch = patch[-1]
    kind = type(pipeline).__name__
    # LTX pipelines insist on 32, whatever their parts are.
    least = 32 if kind.startswith("LTX") else 16
    # CogVideoX decodes two latent frames at a time, and only of an odd number of them is the first one a single frame.
    if kind.startswith("CogVideoX"):
        temporal *= 2 * (getattr(config, "patch_size_t", None) or 1)
    size = None
    if getattr(config, "use_learned_positional_embeddings", False):
        size = (config.sample_width * spatial, config.sample_height * spatial)
    dropped = temporal if getattr(config, "image_condition_type", None) == "latent_concat" else 0
    return Grid(math.lcm(least, spatial * patch), temporal, size, dropped_frames=dropped)


def plan_film(grid: Grid, width: int, height: int, frames: int, fps: int) -> FilmPlan:
    """Find what comes nearest to a wish: the nearest size, and no fewer frames unless there is a limit."""
    if grid.size is not None:
        width, height = grid.size
    else:
        width, height = (
            max(1, (2 * side + grid.pixels) // (2 * grid.pixels)) * grid.pixels for side in (width, height)
        )
    if grid.most_frames is not None:
        frames = min(frames, grid.most_frames)
    frames = -(-(frames - 1) // grid.frames) * grid.frames + 1
    return FilmPlan(width, height, frames, fps)


def choose_device(device: str, *, cuda: bool, mps: bool) -> str:
    """Return the device to use: the one that is named, or the best that there is.

    Raises:
        UsageError: the device is named and not there.

    """
    if device == "auto":
        return "cuda" if cuda else "mps" if mps else "cpu"
    kind = device.partition(":")[0]
    if (kind == "cuda" and not cuda) or (kind == "mps" and not mps):
        raise UsageError(
            f"device {device} was asked for, but this machine has none that PyTorch can use",
            hint='set device = "cpu" or "auto", or install a PyTorch that is built for your GPU and driver',
        )
    return device


def _first_of(thing: Untyped, *names: str) -> int | None:
    values = (getattr(thing, name, None) for name in names)
    return next((value for value in values if isinstance(value, int)), None)
