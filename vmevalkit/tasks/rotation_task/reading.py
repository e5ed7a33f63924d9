"""Seeing in a frame which way the faces of a figure look, cell by cell."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from vmevalkit.errors import UnreadableFrameError
from vmevalkit.tasks.canvas import Pixels, brightened, nearest_colours, rgb, square_view
from vmevalkit.tasks.rotation_task.cells import GRID, Labels, agreement
from vmevalkit.tasks.rotation_task.drawing import COLOURS, side_colour
from vmevalkit.tasks.rotation_task.view import FRONT, LEFT, NOTHING, RIGHT, TOP, UNCERTAIN


@dataclass(frozen=True)
class State:
    """What each cell of a frame shows: a label per byte, row by row; see `Labels`."""

    cells: bytes

    @property
    def labels(self) -> Labels:
        """The cells as an array of shape (GRID, GRID)."""
        return np.frombuffer(self.cells, dtype=np.uint8).reshape(GRID, GRID)


@dataclass(frozen=True)
class Glimpse:
    """What can be seen of a frame, and how well."""

    state: State
    edges: float
    """How much of the picture dark edges take, as a share of what faces take: little where it is blurred or blended."""
    other: float
    """How much of the picture has colours that are none of ours, such as a hand's."""


SAME_VIEW = 0.85
"""Two states that agree in this share of the figure's cells show the same view.

Measured on 60 questions. A frame agrees with the view it shows to at least 0.92, be it drawn at 256 to 1024 pixels,
letterboxed, JPEG 60, H.264 CRF 35 at 480 pixels, brighter or darker by 8, displaced by 4 pixels or blurred by 1.5.
With what is not the same view it agrees to at most 0.81 if the turn is off by 15 degrees, 0.74 by 20 degrees, and 0.69
for the other turns that can be asked for and for the mirror image.
"""

_FINE = 4
_VIEW = GRID * _FINE
_BITS = 5
"""Colours are told apart by their highest bits."""
_SEEN_COLOURS = {**COLOURS, "front": side_colour(0.5)}
_NAMES = (*_SEEN_COLOURS, "other")
_OTHER = _NAMES.index("other")
_LABELS = {"top": TOP, "left": LEFT, "right": RIGHT, "front": FRONT, "ink": UNCERTAIN, "other": UNCERTAIN}
_FARTHEST = 40
"""Distance in RGB from which a colour is none of ours."""
_MOST_OTHER = 0.10
"""How much of a frame may have such colours; up to 0.04 after what is named at `SAME_VIEW`."""
_MOST_OTHER_IN_GLIMPSES = 0.3
_MOST_UNCERTAIN = 0.5
"""How many cells of the figure may be uncertain; most of those are on its edges."""
_MAJORITY = 0.6
"""How large a share of a cell's pixels must agree, of those that are not edges."""
_SMALLEST_FIGURE = 0.02
_LEAST_WHITE = 0.9


@cache
def _colour_table() -> NDArray[np.uint8]:
    """Return for each colour, as a number of its highest bits, its place in the names."""
    steps = (np.arange(1 << _BITS) << (8 - _BITS)) + (1 << (7 - _BITS))
    colours = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
    ours = np.array([rgb(colour) for colour in _SEEN_COLOURS.values()], dtype=np.uint8)
    nearest, distance = nearest_colours(colours.astype(np.uint8), ours)
    return np.where(distance < _FARTHEST**2, nearest, _OTHER).astype(np.uint8)


def read_state(frame: Pixels) -> State:
    """See which way the faces of the figure look.

    Raises:
        UnreadableFrameError: the colours are not those of a figure on a turntable, or there is no figure.

    """
    colours = _colours(frame, _MOST_OTHER)
    if np.count_nonzero(_margin(colours) == _NAMES.index("paper")) < _LEAST_WHITE * len(_margin(colours)):
        raise UnreadableFrameError("the margin is not empty")
    labels, faces = _labels_of(colours)
    if np.count_nonzero(labels == UNCERTAIN) > _MOST_UNCERTAIN * faces:
        raise UnreadableFrameError("the faces of the figure cannot be told apart")
    return State(labels.tobytes())


def read_glimpse(frame: Pixels) -> Glimpse:
    """See what can be seen of the figure, and how well; a hand may be in the picture, or the figure in motion.

    Raises:
        UnreadableFrameError: most of the frame is something else, or no figure can be seen.

    """
    colours = _colours(frame, _MOST_OTHER_IN_GLIMPSES)
    labels, faces = _labels_of(colours)
    edges, other = (np.count_nonzero(colours == number) / colours.size for number in (_NAMES.index("ink"), _OTHER))
    return Glimpse(State(labels.tobytes()), edges * labels.size / faces, other)


def _colours(frame: Pixels, most_other: float) -> Pixels:
    """Return for each pixel of the square view its colour's place in the names."""
    view = square_view(frame, _VIEW)
    view = (brightened(view, _margin(view)) >> (8 - _BITS)).astype(np.uint16)
    colours: Pixels = _colour_table()[(view[..., 0] << 2 * _BITS) | (view[..., 1] << _BITS) | view[..., 2]]
    if np.count_nonzero(colours == _OTHER) > most_other * colours.size:
        raise UnreadableFrameError("the colours are not those of a figure on a turntable")
    return colours


def _labels_of(colours: Pixels) -> tuple[Labels, int]:
    """Return the labels of the cells, and how many of them are faces."""
    labels = _cell_labels(np.array([_LABELS.get(name, NOTHING) for name in _NAMES], dtype=np.uint8)[colours])
    faces = np.count_nonzero(np.isin(labels, (TOP, LEFT, RIGHT, FRONT)))
    if faces < _SMALLEST_FIGURE * labels.size:
        raise UnreadableFrameError("no figure of cubes can be seen")
    return labels, int(faces)


def _margin(view: Pixels) -> Pixels:
    """Return the pixels along the upper, left and right border, where nothing is ever drawn."""
    return np.concatenate(
        [
            view[:_FINE].reshape(-1, *view.shape[2:]),
            *(view[:, side].reshape(-1, *view.shape[2:]) for side in (slice(_FINE), slice(-_FINE, None))),
        ]
    )


def _cell_labels(pixels: Labels) -> Labels:
    """Let the pixels of each cell vote; edges abstain."""
    cells = pixels.reshape(GRID, _FINE, GRID, _FINE)
    votes = np.stack([(cells == label).sum(axis=(1, 3)) for label in range(UNCERTAIN)])
    cast, most = votes.sum(axis=0), votes.max(axis=0)
    sure = (most > _MAJORITY * cast) & (4 * cast > _FINE * _FINE)
    return np.where(sure, votes.argmax(axis=0), UNCERTAIN).astype(np.uint8)


def similarity(seen: State, expected: State) -> float:
    """Return how far two states agree, one displaced by up to a cell in each direction: 0 to 1."""
    padded, other = np.pad(seen.labels, 1), expected.labels
    return max(
        agreement(padded[down : down + GRID, right : right + GRID], other) for down in range(3) for right in range(3)
    )
