"""What is known of a model before it is run: its provider, what it needs, allows and costs."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Limits:
    """What a model can make."""

    sizes: tuple[tuple[int, int], ...] = ()
    """Width and height in pixels; empty if it takes any size."""
    seconds: tuple[float, ...] = ()
    """Durations; empty if it takes any."""
    fps: float | None = None
    """Frames per second; `None` if it follows the request or is not known."""


@dataclass(frozen=True)
class ModelEntry:
    """A model in the catalogue."""

    name: str
    """Provider first, then model and version, such as ``luma-ray-2``."""
    provider: str
    """Who films: ``baseline``, ``command``, ``diffusers``, or the name of an adapter, such as ``luma``."""
    model_id: str
    """What the provider calls it."""
    description: str
    version: str = "1"
    """Changes when the same question may give another video."""
    limits: Limits = Limits()
    usd_per_second: float | None = None
    """List price of a second of video at the smallest size, where the provider publishes one."""
    usd_per_video: Mapping[tuple[int, int, float], float] = field(default_factory=dict)
    """By width, height and seconds, where the price is not in proportion to the length; goes first."""
    needs: tuple[str, ...] = ()
    """Environment variables, such as ``LUMA_API_KEY``, of which the first holds the key; or ``gpu``."""
    extra: str | None = None
    """The optional dependency, such as ``luma`` for ``vmevalkit[luma]``."""
    base_url: str | None = None
    """Another server than the provider's own."""
    idempotent: bool = False
    """Whether the server recognises a submission that is repeated with the same ``Idempotency-Key``, so that it can be
    repeated when nobody knows whether it arrived; counts where the adapter sends one."""
    concurrency: int = 4
    """How many jobs may be under way."""
    per_minute: float | None = None
    """How many jobs may be submitted in a minute; `None` for as many as come."""
    retired: str | None = None
    """Since when, or why, it cannot be run any more; its name stays for results that exist."""
    options: Mapping[str, object] = field(default_factory=dict)
    """More parameters, which go to the provider or the constructor; hosts of many models fill ``{prompt}``,
    ``{seconds}`` and the like in them."""

    def price(self, width: int, height: int, seconds: float) -> float | None:
        """Return what a video costs in US dollars by the list price, if that is known."""
        known = self.usd_per_video.get((width, height, seconds))
        if known is not None:
            return known
        return None if self.usd_per_second is None else self.usd_per_second * seconds
