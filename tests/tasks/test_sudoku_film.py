"""Films of sudokus: what is certain of a glimpse, which films have faults, and the answers that only seem right."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from vmevalkit import media
from vmevalkit.errors import PuzzleError, UnreadableFrameError
from vmevalkit.tasks import DIFFICULTIES, question_rng
from vmevalkit.tasks.domain import Faults
from vmevalkit.tasks.sudoku_task import Sudoku, SudokuDomain, SudokuState
from vmevalkit.tasks.sudoku_task.reading import UNCLEAR

DOMAIN = SudokuDomain()
SMALL = Sudoku(3, (1, 2, 0, 0, 0, 1, 0, 1, 0), (1, 2, 3, 2, 3, 1, 3, 1, 2), (2, 4, 3, 6, 8), "naked_single")
CELL = 152
"""Pixels of a cell of a 3x3 board in a frame of 512, nearly."""


def samples(count, seed=23):
    for index in range(count):
        yield DOMAIN.sample(question_rng("sudoku", 1, seed, index), DIFFICULTIES[index % 3])


def frame(sudoku=SMALL, progress=1.0, size=512):
    return np.asarray(DOMAIN.render(sudoku, progress, size).convert("RGB"))


def painted(progress, *strokes):
    """Paint on `SMALL`: (text, row, column, colour, size); without a text a square; places may lie between cells."""
    picture = Image.fromarray(frame(SMALL, progress))
    pen = ImageDraw.Draw(picture)
    for text, row, column, colour, size in strokes:
        x, y = 256 + (column - 1) * CELL, 256 + (row - 1) * CELL
        if text:
            pen.text((x, y), text, colour, ImageFont.load_default(size), anchor="mm", stroke_width=1.5)
        else:
            pen.rectangle((x - size, y - size, x + size, y + size), fill=colour)
    return np.asarray(picture)


def followed(*frames, sudoku=SMALL):
    return DOMAIN.follow(sudoku, [DOMAIN.glimpse(each) for each in frames])


FIRST, HALF, LAST = frame(progress=0.0), frame(progress=0.4), frame()
NO_FAULTS = Faults()


def changes(one, other):
    return [cell for cell, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]


# Answers that only seem right


def test_a_near_miss_is_the_same_question_with_one_wrong_digit():
    for index, sudoku in enumerate(samples(9)):
        near = DOMAIN.near_miss(sudoku, np.random.default_rng(index))
        assert near.givens == sudoku.givens
        (cell,) = changes(sudoku.solution, near.solution)
        assert cell in sudoku.order
        assert 1 <= near.solution[cell] <= sudoku.side
        with pytest.raises(PuzzleError):
            DOMAIN.check(near)


def test_a_sudoku_is_tampered_with_by_changing_one_given_digit():
    for index, sudoku in enumerate(samples(9)):
        other = DOMAIN.tampered(sudoku, np.random.default_rng(index))
        (cell,) = changes(sudoku.givens, other.givens)
        assert 1 <= other.givens[cell] <= sudoku.side
        assert changes(sudoku.solution, other.solution) == [cell]
        assert other.solution[cell] == other.givens[cell]


def test_a_sudoku_without_givens_cannot_be_tampered_with():
    empty = replace(SMALL, givens=(0,) * 9, order=tuple(range(9)))
    assert DOMAIN.tampered(empty, np.random.default_rng(1)) is None


@pytest.mark.parametrize("kind", ["near_miss", "tampered"])
def test_what_only_seems_right_is_seen_not_to_be_the_solution(kind):
    for index, sudoku in enumerate(samples(6)):
        other = getattr(DOMAIN, kind)(sudoku, np.random.default_rng(index))
        assert DOMAIN.read(frame(other)) == DOMAIN.state(other, solved=True) != DOMAIN.state(sudoku, solved=True)


# Glimpses


def test_a_glimpse_of_a_clean_frame_shows_all_there_is():
    assert DOMAIN.glimpse(HALF) == SudokuState(3, (1, 2, 3, 0, 3, 1, 0, 1, 0))


def test_a_digit_that_is_fading_in_is_unclear():
    assert DOMAIN.glimpse(frame(progress=0.3)).digits == (1, 2, 3, 0, UNCLEAR, 1, 0, 1, 0)


@pytest.mark.parametrize("colour", ["#e0ac82", "#141414", "#46507a", "#1f6feb"])
def test_only_what_a_hand_or_a_pen_covers_is_unclear(colour):
    seen = DOMAIN.glimpse(painted(1.0, ("", 1.1, 1.1, colour, 40)))
    assert seen.digits == (1, 2, 3, 2, UNCLEAR, 1, 3, 1, 2)


def test_a_hand_across_the_lines_and_beyond_the_grid_does_not_hide_the_rest():
    seen = DOMAIN.glimpse(painted(0.0, ("", 2.3, 1.0, "#e0ac82", 90)))
    assert seen.digits == (1, 2, 0, 0, 0, 1, 0, UNCLEAR, 0)


@pytest.mark.parametrize("digit", range(1, 10))
def test_a_digit_that_is_half_written_is_never_taken_for_another(digit):
    picture = painted(0.0, (str(digit), 0, 2, "#1f6feb", 118))
    left, top, right, bottom = 256 + CELL // 2 + 8, 256 - 3 * CELL // 2 + 8, 512 - 40, 256 - CELL // 2 - 8
    for share in (0.35, 0.45, 0.55, 0.65, 0.75):
        across, down = left + int(share * (right - left)), top + int(share * (bottom - top))
        for rest in (np.s_[top:bottom, across:right], np.s_[down:bottom, left:right], np.s_[top:down, left:right]):
            half = picture.copy()
            half[rest] = 255
            assert DOMAIN.glimpse(half).digits[2] in (0, UNCLEAR, digit)


@pytest.mark.parametrize("size", [256, 720])
def test_glimpses_of_other_sizes_show_the_same(size):
    for sudoku in samples(3):
        assert DOMAIN.glimpse(frame(sudoku, 1.0, size)) == DOMAIN.state(sudoku, solved=True)


@pytest.mark.parametrize("change", [-8, 8])
def test_glimpses_a_little_darker_or_brighter_show_the_same(change):
    for sudoku in samples(3):
        other = np.clip(frame(sudoku).astype(int) + change, 0, 255).astype(np.uint8)
        assert DOMAIN.glimpse(other) == DOMAIN.state(sudoku, solved=True)


def test_without_a_grid_there_is_no_glimpse():
    with pytest.raises(UnreadableFrameError):
        DOMAIN.glimpse(np.full((512, 512, 3), 255, np.uint8))


# Films without faults


@pytest.mark.parametrize("crf", [18, 28])
def test_the_film_of_the_solution_has_no_faults(crf, tmp_path):
    for index, sudoku in enumerate(samples(3)):
        path = tmp_path / f"{index}.mp4"
        media.write_video(path, DOMAIN.animate(sudoku, 10), fps=5, crf=crf)
        assert followed(*media.read_frames(path), sudoku=sudoku) == NO_FAULTS


def test_digits_that_pop_in_several_at_once_are_no_fault():
    assert followed(FIRST, FIRST, LAST, LAST) == NO_FAULTS


def test_digits_in_another_order_are_no_fault():
    backwards = replace(SMALL, order=SMALL.order[::-1])
    assert followed(*(frame(backwards, part / 5) for part in range(6))) == NO_FAULTS


def test_frames_in_which_nothing_can_be_seen_are_no_fault():
    assert DOMAIN.follow(SMALL, [None, DOMAIN.glimpse(FIRST), None, None, DOMAIN.glimpse(LAST)]) == NO_FAULTS


def test_a_hand_that_covers_givens_is_no_fault():
    covered = painted(0.4, ("", 0.2, 0.8, "#e0ac82", 80))
    assert followed(FIRST, covered, covered, LAST) == NO_FAULTS


def test_a_wrong_digit_in_a_single_glimpse_is_no_fault():
    assert followed(FIRST, painted(0.0, ("2", 0, 2, "#1f6feb", 118)), LAST).way == ()


def test_a_digit_that_flickers_for_one_glimpse_is_no_fault():
    assert followed(FIRST, HALF, HALF, FIRST, HALF, LAST).way == ()


# Films with faults


def test_a_wrong_digit_that_is_corrected_later_is_no_legal_way():
    wrong = painted(0.0, ("2", 0, 2, "#1f6feb", 118))
    assert followed(FIRST, wrong, wrong, LAST) == Faults(way=("row 1, column 3 held 2 instead of 3.",))


def test_two_wrong_digits_at_once_are_no_legal_way_even_in_a_single_glimpse():
    swapped = painted(0.0, ("2", 0, 2, "#1f6feb", 118), ("3", 1, 0, "#1f6feb", 118))
    assert followed(FIRST, swapped, LAST).way == (
        "row 1, column 3 held 2 instead of 3.",
        "row 2, column 1 held 3 instead of 2.",
    )


def test_a_digit_that_is_gone_again_is_no_legal_way():
    assert followed(FIRST, HALF, HALF, FIRST, FIRST, LAST).way == (
        "row 1, column 3 held 3 and then nothing again.",
        "row 2, column 2 held 3 and then nothing again.",
    )


def test_each_glimpse_with_another_given_digit_counts():
    changed = painted(0.4, ("", 0, 0, "white", 60), ("3", 0, 0, "#1f2933", 118))
    said = "the given digit 1 at row 1, column 1 has become 3."
    assert followed(FIRST, changed, HALF, changed, LAST) == Faults(givens=(said, said))


def test_a_given_that_is_wiped_away_is_named():
    assert followed(FIRST, painted(0.4, ("", 0, 0, "white", 60)), LAST).givens == (
        "the given digit 1 at row 1, column 1 has become nothing.",
    )


def test_a_board_of_another_size_in_between_is_named():
    other = next(sudoku for sudoku in samples(3) if sudoku.side == 6)
    assert followed(FIRST, frame(other), LAST).givens == ("the grid has 6x6 cells instead of 3x3.",)


def test_every_wrong_answer_that_turns_into_the_right_one_is_caught():
    for index, sudoku in enumerate(samples(6)):
        wrong = DOMAIN.wrong(sudoku, np.random.default_rng(index))
        film = [*DOMAIN.animate(wrong, 8), frame(sudoku)]
        assert followed(*film, sudoku=sudoku).way


def test_a_tampered_sudoku_is_caught_in_every_glimpse_that_shows_it():
    for index, sudoku in enumerate(samples(6)):
        other = DOMAIN.tampered(sudoku, np.random.default_rng(index))
        film = [frame(sudoku, 0.0), frame(other, 0.0), frame(other, 0.5), frame(other), frame(sudoku)]
        assert len(followed(*film, sudoku=sudoku).givens) == 3


# Glimpses that need no pictures

NINE = next(sudoku for sudoku in samples(30) if sudoku.side == 9)
WHEN = st.lists(st.integers(0, 9), min_size=len(NINE.order), max_size=len(NINE.order))
HIDDEN = st.lists(st.frozensets(st.integers(0, 80), max_size=30), min_size=10, max_size=10)


def at(moment, when):
    digits = list(NINE.givens)
    for cell, written in zip(NINE.order, when, strict=True):
        digits[cell] = NINE.solution[cell] if written <= moment else 0
    return SudokuState(9, tuple(digits))


def covered(seen, hidden):
    return replace(seen, digits=tuple(UNCLEAR if cell in hidden else d for cell, d in enumerate(seen.digits)))


@given(WHEN, HIDDEN)
@settings(max_examples=100, deadline=None)
def test_filling_in_has_no_faults_in_any_order_and_whatever_is_hidden(when, hidden):
    film = [covered(at(moment, when), cells) for moment, cells in enumerate(hidden)]
    assert DOMAIN.follow(NINE, [*film, DOMAIN.state(NINE, solved=True)]) == NO_FAULTS


@given(WHEN, st.sampled_from(NINE.order), st.integers(1, 8), st.sets(st.integers(0, 9), min_size=2))
@settings(max_examples=100, deadline=None)
def test_any_wrong_digit_that_is_seen_twice_is_named(when, cell, shift, moments):
    digit = (NINE.solution[cell] - 1 + shift) % 9 + 1
    film = [at(moment, when) for moment in range(10)]
    for moment in moments:
        digits = film[moment].digits
        film[moment] = SudokuState(9, (*digits[:cell], digit, *digits[cell + 1 :]))
    faults = DOMAIN.follow(NINE, film)
    assert f"row {cell // 9 + 1}, column {cell % 9 + 1} held {digit} instead of {NINE.solution[cell]}." in faults.way
    assert faults.givens == ()
