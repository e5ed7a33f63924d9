"""Seeing a matrix in a frame: every slot is compared with every figure that could stand there.

The comparison is a least-squares one. How sure it is does not follow from the distances alone, as the smallest figures
differ in few pixels: the *doubt* between a figure and another is where the pixels lie on the straight line between
the two, 0 at the one and 0.5 half-way to the other. What is half faded in is as far from the figure as from nothing.

`read_state` wants every panel to be clear, `glimpse_panels` says which are not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from vmevalkit.errors import UnreadableFrameError
from vmevalkit.tasks.canvas import Pixels, brightened, square_view
from vmevalkit.tasks.raven_task import drawing
from vmevalkit.tasks.raven_task.puzzle import COLOURS, SHAPES, SIZES, SLOTS, Panel

_Reals = NDArray[np.float32]


@dataclass(frozen=True, order=True)
class Figure:
    """One figure: the name of its shape, its size and its colour."""

    shape: str
    size: int
    colour: int


SeenPanel = tuple[Figure | None, ...] | None
"""What stands in each of nine slots; `None` for a panel that shows the question mark instead."""


@dataclass(frozen=True)
class State:
    """The nine panels that a frame shows, in reading order."""

    panels: tuple[SeenPanel, ...]


UNCLEAR: Final = "unclear"
"""Stands for a panel that a glimpse does not make out."""


@dataclass(frozen=True)
class Glimpse:
    """What can be seen of a matrix in the middle of a film."""

    panels: tuple[SeenPanel | Literal["unclear"], ...]
    """The nine panels as far as they are clear, in reading order."""
    settled: bool
    """Whether the last panel looks as sharp as the given ones; figures that grow or fade do not."""


def panel_as_seen(panel: Panel) -> SeenPanel:
    """Return what is seen where a panel is drawn."""
    figure = Figure(panel.shape, panel.size, panel.colour)
    return tuple(figure if slot in panel.slots else None for slot in SLOTS)


# Frames are looked at in this size, where slots begin on even pixels, and compared at half of it.
_VIEW, _HALVING = 512, 2
_WHITE = 255

# Measured over 30 matrices in each of 19 conditions (drawn at 256 to 1024, letterboxed, JPEG 40, H.264 CRF 35,
# brightness +-8, blurred, displaced by up to 3 pixels): doubt up to 0.32, error up to 10.
_MOST_DOUBT = 0.38
_LARGEST_ERROR = 20.0
# With less doubt and error than this there is no need for another look.
_SURE, _SMALL_ERROR = 0.2, 10.0
_BLURS = (0.0, 0.8, 1.4, 2.0)
_DISPLACEMENTS = tuple(product((0, -1, 1), repeat=2))

# Figures that grow or fade in resemble others on the way, but are neither as sharp nor as certain as what is at rest.
_SHARP, _COST_OF_DOUBT = 4.0, 10.0
"""By how much the error of a sharp panel may exceed the largest of the given ones, and what a doubt of 1 takes off.

Measured over 40 films each at 512x512 (CRF 18) and 1280x720 (CRF 28): all 320 panels at rest are sharp, by 1.3 at
least; of those that move and can be taken for others, none of 76 and 6 of 63. So a single glimpse proves nothing.
"""


@dataclass(frozen=True)
class _Templates:
    """What a slot can look like through a blur: rows of pixels, nothing first, with their squares and distances."""

    pixels: _Reals
    squares: _Reals
    apart: _Reals


_CONTENTS: tuple[Figure | None, ...] = (None, *(Figure(*parts) for parts in product(SHAPES, SIZES, COLOURS)))


@cache
def _templates(blur: float) -> _Templates:
    side, rim = drawing.slot_side(_VIEW), 8
    rows = []
    for figure in _CONTENTS:
        picture = Image.new("RGB", (side + 2 * rim, side + 2 * rim), "white")
        if figure is not None:
            numbers = drawing.figure(figure.shape, figure.size, figure.colour, _VIEW)
            picture.paste(Image.fromarray(drawing.PALETTE.table[numbers]), (rim, rim))
        picture = picture.filter(ImageFilter.GaussianBlur(blur)).crop((rim, rim, rim + side, rim + side))
        rows.append(np.asarray(picture.reduce(_HALVING), dtype=np.float32).ravel())
    pixels = np.stack(rows)
    squares = np.square(pixels).sum(axis=1)
    return _Templates(pixels, squares, _squared_distances(pixels, pixels, squares))


def _squared_distances(some: _Reals, others: _Reals, squares: _Reals) -> _Reals:
    """Return the squared distance of each row of the one to each row of the other, shape (some, others).

    Row by row, as a product of matrices this small would only keep the threads of a BLAS library busy.
    """
    products = np.vecdot(some[:, None], others[None])
    distances = np.square(some).sum(axis=1)[:, None] + squares - 2 * products
    return np.asarray(np.maximum(distances, 0), dtype=np.float32)


@dataclass(frozen=True)
class _Sight:
    """What one look at a panel made of its nine slots: indices into the contents, and how good they are."""

    contents: NDArray[np.intp]
    error: float
    """Root of the mean squared difference from the templates, in the worst slot; 0 to 255."""
    doubt: float
    """In the worst slot; 0.5 means that another figure fits as well."""
    misfit: float
    """Sum of squared differences in all slots."""

    @property
    def is_clear(self) -> bool:
        """Whether it can be taken for what is there."""
        return self.error <= _LARGEST_ERROR and self.doubt <= _MOST_DOUBT

    @property
    def panel(self) -> tuple[Figure | None, ...]:
        """What it made of the panel."""
        return tuple(_CONTENTS[index] for index in self.contents)


def read_state(frame: Pixels) -> State:
    """See the nine panels.

    Raises:
        UnreadableFrameError: there is no board, or a panel that is neither clear nor the missing one.

    """
    view, cells = _found_board(frame)
    return State(tuple(_seen_panel(view, cells, place) for place in range(9)))


def glimpse_panels(frame: Pixels) -> Glimpse:
    """See the panels that are clear, and whether the last one has settled.

    Raises:
        UnreadableFrameError: there is no board.

    """
    view, cells = _found_board(frame)
    panels: list[SeenPanel | Literal["unclear"]] = []
    largest_error, settled = 0.0, True
    for place in range(9):
        if _shows_question_mark(cells[_inside(place)]):
            panels.append(None)
            continue
        sight = _look(view, place, _DISPLACEMENTS[:1])
        panels.append(sight.panel if sight.is_clear else UNCLEAR)
        if place == drawing.LAST:
            settled = sight.error <= largest_error + _SHARP - _COST_OF_DOUBT * sight.doubt
        elif sight.is_clear:
            largest_error = max(largest_error, sight.error)
    return Glimpse(tuple(panels), settled)


def _found_board(frame: Pixels) -> tuple[Pixels, _Reals]:
    """Return the board where and as bright as it was drawn, and how dark its cells are."""
    view = square_view(frame, _VIEW)
    view = _straightened(brightened(view, _margin(view)))
    cells = _cells(view)
    _require_board(cells)
    return view, cells


def _seen_panel(view: Pixels, cells: _Reals, place: int) -> SeenPanel:
    if _shows_question_mark(cells[_inside(place)]):
        return None
    sight = _look(view, place)
    if sight.is_clear:
        return sight.panel
    if sight.error > _LARGEST_ERROR:
        raise UnreadableFrameError(f"the panel in {place_name(place)} shows something else than figures")
    raise UnreadableFrameError(f"the figures in {place_name(place)} cannot be told from others")


def place_name(place: int) -> str:
    """Name a panel by its row and column."""
    return f"row {place // 3 + 1}, column {place % 3 + 1}"


def _margin(view: Pixels) -> Pixels:
    """Return the pixels above and below the board, where nothing is ever drawn."""
    rim = drawing.panel_corner(0, _VIEW)[0] // 2
    return np.concatenate([view[:rim].reshape(-1, 3), view[-rim:].reshape(-1, 3)])


_SEARCH = 5
"""How far the outer lines of the board may lie from their places, in pixels; less than to the nearest figure."""


def _straightened(view: Pixels) -> Pixels:
    """Move the view so that the outer lines of the board are where they belong."""
    dark = _WHITE - view.mean(axis=2)
    first, last = (
        drawing.panel_corner(0, _VIEW)[0],
        drawing.panel_corner(drawing.LAST, _VIEW)[0] + drawing.panel_side(_VIEW) - 1,
    )
    shift = []
    for profile in (dark[:, first:last].mean(axis=1), dark[first:last].mean(axis=0)):
        ends = [int(profile[line - _SEARCH : line + _SEARCH + 1].argmax()) - _SEARCH for line in (first, last)]
        shift.append(-round(sum(ends) / 2))
    return np.asarray(np.roll(view, shift, axis=(0, 1)), dtype=np.uint8)


_CELL = 4
_FAINTEST, _STRONGEST, _LARGEST_BOARD_ERROR = 0.5, 1.5, 9.0


def _cells(view: Pixels) -> _Reals:
    """Return how dark the view is, in cells of 4 by 4 pixels."""
    cells = np.asarray(Image.fromarray(view).reduce(_CELL), dtype=np.float32)
    return np.asarray(_WHITE - cells.mean(axis=2), dtype=np.float32)


def _compared(seen: _Reals, expected: _Reals) -> tuple[float, float]:
    """Return how strongly a pattern shows, 1 being full, and the root of the mean squared difference from it."""
    strength = float((seen * expected).sum() / np.square(expected).sum())
    return strength, float(np.sqrt(np.mean(np.square(seen - expected))))


def _inside(place: int) -> tuple[slice, slice]:
    """Return a panel's cells without its frame."""
    reach = drawing.panel_side(_VIEW) // _CELL
    left, top = (part // _CELL for part in drawing.panel_corner(place, _VIEW))
    return slice(top + 2, top + reach - 2), slice(left + 2, left + reach - 2)


@cache
def _board() -> tuple[NDArray[np.bool_], _Reals]:
    """Return which cells belong to the margins and frames of panels, and how dark those are."""
    outside = np.ones((_VIEW // _CELL, _VIEW // _CELL), dtype=bool)
    for place in range(9):
        outside[_inside(place)] = False
    return outside, _cells(drawing.PALETTE.table[drawing.empty_board(_VIEW)])[outside]


def _require_board(cells: _Reals) -> None:
    """Raise unless the frames of the panels are where they belong and the space between them is empty."""
    outside, expected = _board()
    strength, error = _compared(cells[outside], expected)
    if not _FAINTEST < strength < _STRONGEST or error > _LARGEST_BOARD_ERROR:
        raise UnreadableFrameError("the frames of the nine panels cannot be seen")


@cache
def _question_mark() -> _Reals:
    """Return how dark the cells of a panel with the question mark are."""
    board = drawing.draw_board((), _VIEW, marked=True).pixels
    return _cells(drawing.PALETTE.table[board])[_inside(drawing.LAST)]


def _shows_question_mark(cells: _Reals) -> bool:
    """Tell whether a panel's cells show the question mark, for the most part, and little else."""
    strength, error = _compared(cells, _question_mark())
    return abs(strength - 1) < _MOST_DOUBT and error < _LARGEST_ERROR


def _look(view: Pixels, place: int, displacements: Sequence[tuple[int, ...]] = _DISPLACEMENTS) -> _Sight:
    """Compare a panel's slots with all there is, through every blur, then a little displaced, until one look is sure.

    Returns:
        The first sure look, or the best of all.

    """
    looks = []
    for down, right in displacements:
        slots = _slots(view, place, down, right)
        for blur in _BLURS:
            sight = _sight(slots, _templates(blur))
            if sight.doubt < _SURE and sight.error < _SMALL_ERROR:
                return sight
            looks.append(sight)
    return min(looks, key=lambda sight: sight.misfit)


def _slots(view: Pixels, place: int, down: int, right: int) -> _Reals:
    """Return the pixels of a panel's slots at half size, a row for each slot."""
    side = drawing.slot_side(_VIEW)
    left, top = (int(part) for part in drawing.slot_corner(place, 1, _VIEW))
    panel = view[top + down : top + down + 3 * side, left + right : left + right + 3 * side]
    half = np.asarray(Image.fromarray(panel).reduce(_HALVING), dtype=np.float32)
    side //= _HALVING
    return half.reshape(3, side, 3, side * 3).transpose(0, 2, 1, 3).reshape(9, -1)


def _sight(slots: _Reals, templates: _Templates) -> _Sight:
    distances = _squared_distances(slots, templates.pixels, templates.squares)
    contents = distances.argmin(axis=1)
    chosen = np.arange(len(slots)), contents
    nearest = distances[chosen]
    apart = templates.apart[contents]
    apart[chosen] = np.inf
    doubt = (1 - (distances - nearest[:, None]) / apart) / 2
    doubt[chosen] = 0
    error = float(np.sqrt(nearest.max() / slots.shape[1]))
    return _Sight(contents, error, float(doubt.max()), float(nearest.sum()))
