"""Following a figure through a film: how far it has turned in each glimpse, and what is wrong with the way there."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise, product

import numpy as np
from numpy.typing import NDArray

from vmevalkit.tasks.domain import Faults
from vmevalkit.tasks.rotation_task.cells import Labels, seen_labels
from vmevalkit.tasks.rotation_task.figure import Figure
from vmevalkit.tasks.rotation_task.puzzle import DIRECTIONS, Puzzle
from vmevalkit.tasks.rotation_task.reading import Glimpse
from vmevalkit.tasks.rotation_task.view import FRONT, FULL_LIGHT, LEFT, NOTHING, RIGHT, TOP, UNCERTAIN

_STEP = 2
"""Degrees between the views that a glimpse is compared with, all around."""
_FITS = 0.80
"""A glimpse that agrees this much with a view of the figure shows it from there."""
_OTHER_FIGURE = 0.75
"""A clear glimpse that agrees less with every view of the figure shows another figure; between them is doubt.

Measured on 6 to 24 questions. Frames of a turn agree with some view to at least 0.93, in 1280x720 at CRF 28; to 0.79
and more if the picture is also zoomed by 8 %, displaced by 10 pixels, or seen from 3 degrees higher. Views of figures
with one cube moved agree to at most 0.75 in 93 %, those of the mirror image after most of the turn to at most 0.70.
"""
_MOST_COVERED = 0.5
"""How much of a view may be uncertain if a glimpse is to tell the azimuth."""
_CLEAR_EDGES = 0.7
"""In a clear glimpse edges take at least this share of what they take in the first and the last one, in the lesser."""
_FEWEST_EDGES = 0.02
"""Frames of fewer than some 300 pixels have less, even clear ones."""
_MOST_OTHER = 0.03
"""How much of a clear glimpse has other colours; up to 0.02 after compression."""

_WRONG_WAY = 20.0
"""Degrees that a figure may turn the wrong way, or too far and back; the azimuth is known to 3 degrees or better."""
_CUT = 45.0
"""Degrees between two neighbouring glimpses that are always a cut: 8 glimpses of an eased turn by 150 have 32."""
_LONE_CUT = 25.0
"""Such degrees are a cut if the figure hardly turned just before and after: by less than a share of them."""
_HARDLY = 1 / 3
_UNSEEN = 0.5
"""How large a share of the turn must not happen while another figure is shown."""
_SIGHTINGS = 2
"""In how many glimpses that figure must be seen."""


@dataclass(frozen=True)
class _Sight:
    """A glimpse that tells the azimuth."""

    place: int
    """The glimpse's place in the film."""
    turned: float
    """How far the figure has turned since the beginning, in degrees and in the direction that is asked for."""


def follow(puzzle: Puzzle, glimpses: Sequence[Glimpse | None]) -> Faults:
    """Say where another figure was seen, and where the figure did not turn as asked.

    Args:
        puzzle: the question.
        glimpses: in the order of time; `None` where nothing could be seen.

    """
    shown = [place for place, glimpse in enumerate(glimpses) if glimpse is not None]
    states = [glimpse.state.labels for glimpse in glimpses if glimpse is not None]
    if not states:
        return Faults()
    fits, azimuths = _best_views(puzzle, np.stack(states))
    clear = _clear(glimpses)
    others = [place for place, fit in zip(shown, fits, strict=True) if place in clear and fit < _OTHER_FIGURE]
    seen = ((place, azimuth) for place, azimuth, fit in zip(shown, azimuths, fits, strict=True) if fit >= _FITS)
    sights = _unwound(puzzle, seen)
    return Faults(
        givens=tuple("the figure was another one." for _ in others),
        way=(*_wrong_ways(puzzle, sights), *_cuts(sights), *_unseen(puzzle, sights, others)),
    )


def _clear(glimpses: Sequence[Glimpse | None]) -> set[int]:
    """Return the places of the glimpses that are neither blurred nor blended and have nothing else in them."""
    ends = [glimpse.edges for glimpse in (glimpses[0], glimpses[-1]) if glimpse is not None]
    least = max(_CLEAR_EDGES * min(ends, default=1.0), _FEWEST_EDGES)
    return {
        place
        for place, glimpse in enumerate(glimpses)
        if glimpse is not None and glimpse.edges >= least and glimpse.other <= _MOST_OTHER
    }


_Bits = NDArray[np.uint64]
"""Which cells are set, packed: shape (pictures, words)."""


def _packed(cells: NDArray[np.bool_]) -> _Bits:
    return np.packbits(cells, axis=1).view(np.uint64)


@dataclass(frozen=True)
class _Views:
    """A figure from all around, `_STEP` degrees apart."""

    accepted: dict[int, _Bits]
    """For each label, the cells that may show it."""
    figure: _Bits
    """The cells that show the figure."""


@lru_cache(maxsize=8)
def _views(figure: Figure, elevation: int) -> _Views:
    """Look at a figure from all around. A side that may be half lit may also be seen as bright or dark, as it is."""
    azimuths = np.arange(0, 360, _STEP)
    labels = np.stack([seen_labels(figure, float(azimuth), elevation).ravel() for azimuth in azimuths])
    left, right = azimuths[:, None] % 90 > 90 - FULL_LIGHT, azimuths[:, None] % 90 < FULL_LIGHT
    front = (labels == FRONT) | ((labels == LEFT) & left) | ((labels == RIGHT) & right)
    accepted = {
        TOP: labels == TOP,
        LEFT: (labels == LEFT) | (front & left),
        RIGHT: (labels == RIGHT) | (front & right),
        FRONT: front,
    }
    return _Views({label: _packed(cells) for label, cells in accepted.items()}, _packed(labels != NOTHING))


def _best_views(puzzle: Puzzle, seen: Labels) -> tuple[list[float], list[int]]:
    """Find the view of the figure that each picture is most like.

    A picture that is like none may be displaced by a cell in each direction.

    Returns:
        How far they agree, and the azimuths in degrees.

    """
    views = _views(puzzle.figure, puzzle.elevation)
    fits = _fits(seen, views)
    unlike = np.flatnonzero(fits.max(axis=1) < _FITS)
    for down, right in product((-1, 0, 1), repeat=2):
        if unlike.size:
            fits[unlike] = np.maximum(fits[unlike], _fits(np.roll(seen[unlike], (down, right), axis=(1, 2)), views))
    return fits.max(axis=1).tolist(), (fits.argmax(axis=1) * _STEP).tolist()


def _fits(seen: Labels, views: _Views) -> NDArray[np.float64]:
    """Compare each picture with each view, as `agreement` does; 0 where too little of the view is to be seen."""
    cells = seen.reshape(len(seen), -1)
    alike = sum((_common(_packed(cells == label), able) for label, able in views.accepted.items()), np.int64(0))
    faces = (cells != NOTHING) & (cells != UNCERTAIN)
    bare = _common(_packed(cells == NOTHING), views.figure)
    known = bare + _common(_packed(faces), views.figure)
    enough = known >= (1 - _MOST_COVERED) * np.bitwise_count(views.figure).sum(axis=1)
    return np.where(enough, alike / np.maximum(faces.sum(axis=1)[:, None] + bare, 1), 0.0)


def _common(one: _Bits, other: _Bits) -> NDArray[np.int64]:
    """Count the cells that are set in both, for each pair of pictures."""
    return np.asarray(np.bitwise_count(one[:, None] & other).sum(axis=2, dtype=np.int64))


def _unwound(puzzle: Puzzle, seen: Iterable[tuple[int, float]]) -> list[_Sight]:
    """Turn azimuths into angles turned since the beginning: by the shortest way, or after a cut, near the asked one."""
    sights = [_Sight(-1, 0.0)]
    sign = 1 if puzzle.asked.degrees > 0 else -1
    for place, azimuth in seen:
        before = sights[-1]
        turned = sign * (azimuth - puzzle.azimuth)
        ahead = _within_half_a_turn(turned - before.turned)
        if abs(ahead) <= _CUT * (place - before.place):
            sights.append(_Sight(place, before.turned + ahead))
        else:
            middle = puzzle.asked.angle / 2
            sights.append(_Sight(place, middle + _within_half_a_turn(turned - middle)))
    return sights


def _within_half_a_turn(degrees: float) -> float:
    return (degrees + 180) % 360 - 180


def _wrong_ways(puzzle: Puzzle, sights: Sequence[_Sight]) -> Iterable[str]:
    """Tell whether the figure turned the other way, too far, or back."""
    asked = puzzle.asked
    turned = [sight.turned for sight in sights]
    back = max(np.maximum.accumulate(turned) - turned)
    if back <= _WRONG_WAY:
        return
    if min(turned) < -_WRONG_WAY:
        other = DIRECTIONS[1 - DIRECTIONS.index(asked.direction)]
        yield f"the figure turned {other} by {-min(turned):.0f} degrees instead of {asked.direction}."
    elif max(turned) > asked.angle + _WRONG_WAY:
        yield f"the figure turned by {max(turned):.0f} degrees instead of {asked.angle} and then back."
    else:
        yield f"the figure turned back by {back:.0f} degrees on its way."


def _cuts(sights: Sequence[_Sight]) -> Iterable[str]:
    """Tell where the figure is seen turned at once."""
    speeds = [abs(after.turned - before.turned) / (after.place - before.place) for before, after in pairwise(sights)]
    for number, (before, after) in enumerate(pairwise(sights)):
        around = max([*speeds[max(number - 1, 0) : number], *speeds[number + 1 : number + 2]], default=0.0)
        if speeds[number] > _CUT or (speeds[number] > _LONE_CUT and around < _HARDLY * speeds[number]):
            yield f"the figure jumped from {before.turned:.0f} to {after.turned:.0f} degrees of its turn."


def _unseen(puzzle: Puzzle, sights: Sequence[_Sight], others: Sequence[int]) -> Iterable[str]:
    """Tell whether much of the turn happened while the film showed another figure."""
    for before, after in pairwise(sights):
        covered = sum(before.place < place < after.place for place in others)
        if covered >= _SIGHTINGS and after.turned - before.turned > _UNSEEN * puzzle.asked.angle:
            yield f"the figure was another one from {before.turned:.0f} to {after.turned:.0f} degrees of its turn."
