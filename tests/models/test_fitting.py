"""Fitting a question to what a model can make."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from vmevalkit.models import Limits, fit, on_canvas

SIZES = ((1280, 720), (720, 1280), (960, 960), (1920, 1080))
sides = st.integers(16, 2048)


@pytest.mark.parametrize(
    ("width", "height", "size", "letterboxed"),
    [
        (512, 512, (960, 960), False),
        (640, 360, (1280, 720), False),
        (1900, 1070, (1920, 1080), True),
        (300, 500, (720, 1280), True),
    ],
)
def test_the_nearest_shape_is_taken_and_then_the_nearest_area(width, height, size, letterboxed):
    found = fit(Limits(sizes=SIZES), width, height, None)
    assert ((found.width, found.height), found.letterboxed) == (size, letterboxed)


@pytest.mark.parametrize(("wanted", "given"), [(None, 4), (1, 4), (4, 4), (5, 6), (8, 8), (60, 8)])
def test_the_shortest_duration_that_is_long_enough_is_taken(wanted, given):
    assert fit(Limits(seconds=(8, 4, 6)), 512, 512, wanted).seconds == given


def test_without_limits_all_stays_as_it_is():
    found = fit(Limits(), 333, 222, 3.5)
    assert (found.width, found.height, found.seconds, found.letterboxed) == (333, 222, 3.5, False)


@given(sides, sides, sides, sides)
def test_a_frame_on_a_canvas_is_whole_centred_and_surrounded_by_black(width, height, canvas_width, canvas_height):
    frame = np.full((height, width, 3), 200, dtype=np.uint8)
    picture = np.asarray(Image.open(io.BytesIO(on_canvas(frame, canvas_width, canvas_height))))
    assert picture.shape == (canvas_height, canvas_width, 3)
    rows, columns = np.nonzero(picture.any(axis=2))
    assert (picture[rows, columns] == 200).all()
    left, right = columns.min(), canvas_width - 1 - columns.max()
    top, bottom = rows.min(), canvas_height - 1 - rows.max()
    assert abs(left - right) <= 1
    assert abs(top - bottom) <= 1
    assert min(left + right, top + bottom) == 0
