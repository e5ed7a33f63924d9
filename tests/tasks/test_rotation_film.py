"""What is seen of a turning figure in the frames of a film, and which films show no turn of this figure."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFilter

from vmevalkit import media
from vmevalkit.errors import PuzzleError, UnreadableFrameError
from vmevalkit.tasks import DIFFICULTIES, get_domain, question_rng
from vmevalkit.tasks.domain import Faults
from vmevalkit.tasks.rotation_task.cells import seen_labels
from vmevalkit.tasks.rotation_task.figure import mirrored, with_a_cube_moved
from vmevalkit.tasks.rotation_task.puzzle import mistakes, pose
from vmevalkit.tasks.rotation_task.reading import Glimpse, State
from vmevalkit.tasks.rotation_task.view import UNCERTAIN, stage

ROTATION = get_domain("rotation")


def rng(index=0):
    return question_rng("rotation", ROTATION.version, 8, index, "film")


def sampled(index):
    return ROTATION.sample(question_rng("rotation", ROTATION.version, 8, index), DIFFICULTIES[index % 3])


SOME = [sampled(index) for index in range(12)]
ONE = next(puzzle for puzzle in SOME if puzzle.asked.angle == 90)


def rgb(image):
    return np.array(image.convert("RGB"))


def glimpsed(puzzle, turned, figure=None, edges=0.07, other=0.01):
    """A glimpse of a figure that has turned by some degrees in the direction that is asked for."""
    azimuth = puzzle.azimuth + turned * (1 if puzzle.asked.degrees > 0 else -1)
    labels = seen_labels(figure or puzzle.figure, azimuth % 360, puzzle.elevation)
    return Glimpse(State(labels.tobytes()), edges, other)


def follow(puzzle, *angles):
    return ROTATION.follow(puzzle, [glimpsed(puzzle, angle) for angle in angles])


def turning(start, end, count):
    """Angles of an even turn, both ends included."""
    return np.linspace(start, end, count).tolist()


# Answers that are almost right, and figures that are almost the same


def test_a_near_miss_is_off_by_twenty_degrees_and_no_solution():
    for index, puzzle in enumerate(SOME):
        miss = ROTATION.near_miss(puzzle, rng(index))
        assert abs(miss.shown.angle - puzzle.asked.angle) == 20
        assert replace(miss, shown=puzzle.shown) == puzzle
        assert not ROTATION.matches(ROTATION.read(rgb(ROTATION.render(miss, 1.0))), ROTATION.state(puzzle, solved=True))
        with pytest.raises(PuzzleError):
            ROTATION.check(miss)


def test_a_near_miss_goes_too_far_or_not_far_enough():
    misses = {ROTATION.near_miss(ONE, rng(index)).shown.angle - ONE.asked.angle for index in range(12)}
    assert misses == {-20, 20}


def test_figures_with_a_cube_moved_are_in_one_piece_and_in_order():
    assert with_a_cube_moved(((0, 0, 0), (1, 0, 0))) == [((0, 0, 0), (0, 0, 1)), ((0, 0, 0), (0, 1, 0))]


def test_the_cube_that_holds_a_figure_together_is_not_moved():
    bar = ((0, 0, 0), (1, 0, 0), (2, 0, 0))
    for figure in with_a_cube_moved(bar):
        assert any((x + 1, y, z) in figure for x, y, z in figure)


def test_a_tampered_figure_has_one_cube_elsewhere_and_looks_different_in_the_end():
    for index, puzzle in enumerate(SOME):
        tampered = ROTATION.tampered(puzzle, rng(index))
        assert tampered.figure in with_a_cube_moved(puzzle.figure)
        assert replace(tampered, figure=puzzle.figure) == puzzle
        seen = ROTATION.read(rgb(ROTATION.render(tampered, 1.0)))
        assert not ROTATION.matches(seen, ROTATION.state(puzzle, solved=True))


def test_a_tampered_figure_is_not_given_away_by_its_size_or_place():
    for index, puzzle in enumerate(SOME[:6]):
        tampered = ROTATION.tampered(puzzle, rng(index))
        assert stage(tampered.figure, puzzle.elevation) == stage(puzzle.figure, puzzle.elevation)


def test_a_figure_of_one_cube_cannot_be_tampered_with():
    assert ROTATION.tampered(replace(ONE, figure=((0, 0, 0),)), rng()) is None


# Glimpses


def test_a_glimpse_sees_what_reading_sees():
    for progress in (0.0, 0.4, 1.0):
        frame = rgb(ROTATION.render(ONE, progress))
        assert ROTATION.glimpse(frame).state == ROTATION.read(frame)


def test_a_glimpse_tells_by_the_edges_that_a_frame_is_blurred_or_blended():
    first, final = (rgb(image) for image in ROTATION.draw(ONE))
    sharp = ROTATION.glimpse(first).edges
    blurred = rgb(Image.fromarray(first).filter(ImageFilter.GaussianBlur(3)))
    blended = (first // 2 + final // 2).astype(np.uint8)
    assert ROTATION.glimpse(blurred).edges < 0.4 * sharp
    assert ROTATION.glimpse(blended).edges < 0.4 * sharp


def with_a_hand(frame):
    image = Image.fromarray(frame)
    ImageDraw.Draw(image).polygon([(330, 250), (512, 160), (512, 420), (350, 330)], fill=(214, 160, 128))
    return np.array(image)


def test_a_hand_in_the_picture_leaves_a_glimpse_but_is_noticed():
    frame = with_a_hand(rgb(ROTATION.render(ONE, 0.5)))
    with pytest.raises(UnreadableFrameError):
        ROTATION.read(frame)
    seen = ROTATION.glimpse(frame)
    assert seen.other > 0.08
    assert seen.state.labels[60, 80] == UNCERTAIN


@pytest.mark.parametrize(
    "frame",
    [
        np.random.default_rng(1).integers(0, 256, (512, 512, 3), dtype=np.uint8),
        np.zeros((512, 512, 3), np.uint8),
        np.full((512, 512, 3), 255, np.uint8),
        np.zeros((16, 16, 3), np.uint8),
    ],
    ids=["noise", "black", "white", "tiny"],
)
def test_where_no_figure_is_there_is_no_glimpse(frame):
    with pytest.raises(UnreadableFrameError):
        ROTATION.glimpse(frame)


# Turns as asked


@given(
    st.sampled_from(SOME),
    st.integers(8, 24),
    st.sampled_from([lambda share: share, lambda share: share * share * (3 - 2 * share)]),
    st.lists(st.integers(0, 23), max_size=8),
    st.integers(0, 6),
)
def test_a_turn_at_any_speed_with_stops_and_glimpses_missing_is_right(puzzle, count, ease, missing, pause):
    angles = [puzzle.asked.angle * ease(share) for share in turning(0, 1, count)]
    angles[count // 2 : count // 2] = [angles[count // 2]] * pause
    glimpses = [glimpsed(puzzle, angle) for angle in angles]
    for place in missing:
        if 0 < place < len(glimpses) - 1:
            glimpses[place] = None
    assert ROTATION.follow(puzzle, glimpses) == Faults()


def test_a_quick_turn_within_three_glimpses_is_no_cut():
    assert follow(ONE, 0, 0, 0, 30, 60, 90, 90, 90) == Faults()


def test_swinging_a_little_too_far_and_back_is_right():
    assert follow(ONE, *turning(0, 100, 12), 95, 90, 90) == Faults()


def test_a_picture_that_trembles_is_right():
    glimpses = []
    for number, angle in enumerate(turning(0, 90, 16)):
        labels = np.roll(glimpsed(ONE, angle).state.labels, (number % 3 - 1, number % 2), axis=(0, 1))
        glimpses.append(Glimpse(State(labels.tobytes()), 0.07, 0.01))
    assert ROTATION.follow(ONE, glimpses) == Faults()


def test_a_film_of_which_nothing_can_be_seen_has_no_faults_that_are_known():
    assert ROTATION.follow(ONE, [None] * 24) == Faults()
    assert ROTATION.follow(ONE, []) == Faults()


# Turns not as asked


@pytest.mark.parametrize("puzzle", SOME, ids=lambda puzzle: str(puzzle.asked))
def test_a_jump_by_thirty_degrees_at_the_end_is_a_cut(puzzle):
    end = puzzle.asked.angle
    faults = follow(puzzle, *turning(0, end - 30, 10), end - 30, end, end, end)
    assert not faults.givens
    assert len(faults.way) == 1
    assert "jumped" in faults.way[0]


def test_a_jump_through_glimpses_in_which_nothing_could_be_seen_is_a_cut():
    glimpses = [glimpsed(ONE, 0)] * 10 + [None] + [glimpsed(ONE, 90)] * 10
    (fault,) = ROTATION.follow(ONE, glimpses).way
    assert fault == "the figure jumped from 0 to 90 degrees of its turn."


def test_a_film_that_begins_elsewhere_has_a_cut_before_it():
    assert "jumped" in follow(ONE, *turning(60, 90, 12)).way[0]


@pytest.mark.parametrize("puzzle", SOME, ids=lambda puzzle: str(puzzle.asked))
def test_turning_the_other_way_round_is_noticed(puzzle):
    faults = follow(puzzle, *turning(0, puzzle.asked.angle - 360, 24))
    assert f"instead of {puzzle.asked.direction}" in faults.way[0]


def test_turning_the_wrong_way_first_is_noticed():
    faults = follow(ONE, *turning(0, -30, 6), *turning(-20, 90, 16))
    assert faults.way == (f"the figure turned {other_direction(ONE)} by 30 degrees instead of {ONE.asked.direction}.",)


def other_direction(puzzle):
    return "clockwise" if puzzle.asked.direction == "counterclockwise" else "counterclockwise"


def test_turning_too_far_and_back_is_noticed():
    faults = follow(ONE, *turning(0, 120, 12), *turning(115, 90, 6))
    assert faults.way == ("the figure turned by 120 degrees instead of 90 and then back.",)


def test_turning_back_on_the_way_is_noticed():
    faults = follow(ONE, *turning(0, 90, 10), *turning(80, 40, 5), *turning(50, 90, 5))
    assert faults.way == ("the figure turned back by 50 degrees on its way.",)


# Other figures


def on_the_way(puzzle, figure, **quality):
    """A turn of which the middle shows another figure."""
    angles = turning(0, puzzle.asked.angle, 16)
    return [
        glimpsed(puzzle, angle, figure, **quality) if 4 <= number < 12 else glimpsed(puzzle, angle)
        for number, angle in enumerate(angles)
    ]


def test_a_cube_that_is_elsewhere_on_the_way_is_noticed_unless_it_hardly_shows():
    noticed = 0
    for index, puzzle in enumerate(SOME):
        faults = ROTATION.follow(puzzle, on_the_way(puzzle, ROTATION.tampered(puzzle, rng(index)).figure))
        noticed += len(faults.givens) >= 2
    assert noticed >= 10


def test_the_mirror_image_on_the_way_is_another_figure():
    for puzzle in SOME:
        figure, azimuth = pose(puzzle, replace(puzzle.asked, mirrored=True), 0.7)
        seen = Glimpse(State(seen_labels(figure, azimuth, puzzle.elevation).tobytes()), 0.07, 0.01)
        end = puzzle.asked.angle
        glimpses = [
            *(glimpsed(puzzle, angle) for angle in turning(0, 0.3 * end, 6)),
            *[seen] * 6,
            glimpsed(puzzle, end),
        ]
        faults = ROTATION.follow(puzzle, glimpses)
        assert len(faults.givens) == 6
        assert "another one" in faults.way[0]


@pytest.mark.parametrize("quality", [{"edges": 0.01}, {"other": 0.1}], ids=["blurred", "something in front"])
def test_what_is_not_seen_clearly_is_not_called_another_figure(quality):
    assert ROTATION.follow(ONE, on_the_way(ONE, mirrored(ONE.figure), **quality)) == Faults()


# Real films


def watched(frames, path, **settings):
    media.write_video(path, frames, fps=16, **settings)
    return [ROTATION.glimpse(frame) for frame in media.read_frames(path)]


@pytest.mark.parametrize("crf", [18, 28])
def test_the_film_of_the_solution_has_no_faults(crf, tmp_path):
    for puzzle in SOME[:4]:
        assert (
            ROTATION.follow(puzzle, watched(ROTATION.animate(puzzle, 20), tmp_path / "film.mp4", crf=crf)) == Faults()
        )


def test_the_film_of_any_mistake_that_then_cuts_to_the_solution_has_faults(tmp_path):
    puzzle, end = ONE, rgb(ROTATION.render(ONE, 1.0))
    for turn in mistakes(puzzle.asked):
        film = [*ROTATION.animate(replace(puzzle, shown=turn), 16), end, end]
        assert ROTATION.follow(puzzle, watched(film, tmp_path / "film.mp4", crf=28)).way, turn


def test_a_hand_that_turns_the_figure_is_no_fault():
    film = list(ROTATION.animate(ONE, 20))
    glimpses = [ROTATION.glimpse(with_a_hand(frame) if 3 < number < 16 else frame) for number, frame in enumerate(film)]
    assert ROTATION.follow(ONE, glimpses) == Faults()


def test_a_film_out_of_focus_is_no_fault():
    film = [Image.fromarray(frame) for frame in ROTATION.animate(ONE, 20)]
    glimpses = [
        ROTATION.glimpse(rgb(image.filter(ImageFilter.GaussianBlur(4))) if 0 < number < 18 else rgb(image))
        for number, image in enumerate(film)
    ]
    assert ROTATION.follow(ONE, glimpses) == Faults()


def test_blended_pictures_are_not_called_another_figure():
    first, final = (rgb(image).astype(float) for image in ROTATION.draw(ONE))
    film = [(first + (final - first) * share).astype(np.uint8) for share in turning(0, 1, 20)]
    assert ROTATION.follow(ONE, [ROTATION.glimpse(frame) for frame in film]).givens == ()
