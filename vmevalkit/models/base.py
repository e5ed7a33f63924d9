"""What a video model is asked, and what it must be able to do."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from vmevalkit.errors import VMEvalError
from vmevalkit.media import Frame


class ModelError(VMEvalError):
    """A model that cannot or did not make the video; ``retryable`` says whether trying again may help."""

    def __init__(self, message: str, *, retryable: bool = False, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retryable = retryable


class StoppedError(ModelError):
    """A model that was closed while it filmed: that is no failure, and the run can be taken up."""


Film = Callable[[int], Iterator[Frame]]
"""Takes a number of frames and yields that many."""


@dataclass(frozen=True)
class FilmRequest:
    """One video to make: from the first frame and the prompt, for a real model.

    The baselines also get what a real model must not see: the final frame and the films of the solution and of a
    plausible wrong answer, where the question's domain can make them.
    """

    prompt: str
    first_frame: Frame
    fps: int
    frames: int
    seed: int
    final_frame: Frame
    solution: Film | None
    wrong: Film | None


class VideoModel(Protocol):
    """A model that turns a first frame and a prompt into a video."""

    @property
    def name(self) -> str:
        """What results call it."""

    @property
    def version(self) -> str:
        """Changes when the same question may give another video."""

    @property
    def description(self) -> str:
        """A line for lists of models."""

    def film(self, request: FilmRequest, path: Path) -> None:
        """Write an MP4 file to ``path``.

        Raises:
            ModelError: it cannot be made.
            StoppedError: the model was closed meanwhile.

        """
