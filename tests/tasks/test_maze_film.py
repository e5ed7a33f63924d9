"""Films of mazes: what is certain of a glimpse, which films have faults, and the answers that only seem right."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from vmevalkit import media
from vmevalkit.errors import PuzzleError, UnreadableFrameError
from vmevalkit.tasks import DIFFICULTIES, question_rng
from vmevalkit.tasks.domain import Faults
from vmevalkit.tasks.maze_task import Maze, MazeDomain
from vmevalkit.tasks.maze_task.glimpses import MazeGlimpse
from vmevalkit.tasks.maze_task.puzzle import near_misses, open_passages, solve, tamperings, wrong_answers
from vmevalkit.tasks.maze_task.reading import passages_of

DOMAIN = MazeDomain()

WALLS = ("d13", "92a", "eee")
# The way leads right, right, down, down; other corridors branch off to the left and, half-way, down.
MAZE = Maze("by hand", WALLS, (0, 0), (2, 2), ((0, 0), (0, 1), (0, 2), (1, 2), (2, 2)))
STEPS = [tuple(sorted(step)) for step in pairwise(MAZE.path)]
BLUE = "#1f6feb"


def samples(count, seed=23):
    for index in range(count):
        yield DOMAIN.sample(question_rng("maze", 1, seed, index), DIFFICULTIES[index % 3])


def frame(maze=MAZE, progress=1.0, size=512):
    return np.asarray(DOMAIN.render(maze, progress, size).convert("RGB"))


def middle(row, column):
    """Return the place (x, y) of a cell of a 3x3 maze in a frame of 512 pixels; it may lie between cells."""
    return 256 + (column - 1) * 147, 256 + (row - 1) * 147


def painted(progress, *shapes):
    """Draw on a frame: (kind, points, colour, width) with kind ``line`` or ``dot``."""
    picture = Image.fromarray(frame(MAZE, progress))
    pen = ImageDraw.Draw(picture)
    for kind, points, colour, width in shapes:
        if kind == "line":
            pen.line([middle(*point) for point in points], fill=colour, width=width)
        else:
            x, y = middle(*points)
            pen.ellipse((x - width, y - width, x + width, y + width), fill=colour)
    return np.asarray(picture)


def glimpsed(frames):
    seen = []
    for each in frames:
        try:
            seen.append(DOMAIN.glimpse(each))
        except UnreadableFrameError:
            seen.append(None)
    return seen


def followed(*frames, maze=MAZE):
    return DOMAIN.follow(maze, glimpsed(frames))


FIRST, HALF, LAST = frame(progress=0.0), frame(progress=0.5), frame()
NO_FAULTS = Faults()


# Answers that only seem right


def test_a_near_miss_is_the_same_question_and_the_right_way_but_for_one_cell():
    for index, maze in enumerate(samples(6)):
        for near in near_misses(maze):
            assert DOMAIN.key(near) == DOMAIN.key(maze)
            assert len(set(maze.path) ^ set(near.path)) <= 2
            with pytest.raises(PuzzleError):
                DOMAIN.check(near)
        assert DOMAIN.near_miss(maze, np.random.default_rng(index)) in near_misses(maze)


def test_a_near_miss_never_enters_a_cell_twice():
    for maze in samples(6):
        for near in near_misses(maze):
            assert len(set(near.path)) == len(near.path)


def test_a_near_miss_is_seen_not_to_be_the_solution():
    for index, maze in enumerate(samples(6)):
        near = DOMAIN.near_miss(maze, np.random.default_rng(index))
        assert DOMAIN.read(frame(near)) == DOMAIN.state(near, solved=True) != DOMAIN.state(maze, solved=True)


def test_a_maze_is_tampered_with_by_opening_one_wall_or_moving_one_mark():
    for maze in samples(6):
        thinner, moved = tamperings(maze)
        for other in thinner:
            before, after = (
                {frozenset((a, b)) for a, near in open_passages(each.walls).items() for b in near}
                for each in (maze, other)
            )
            assert len(after - before) == 1
            assert before < after
            assert replace(other, walls=maze.walls) == maze
        for other in moved:
            assert other.walls == maze.walls
            assert (other.start == maze.start) != (other.goal == maze.goal)


def test_the_line_of_a_tampered_maze_still_joins_its_marks_through_open_passages():
    for index, maze in enumerate(samples(12)):
        other = DOMAIN.tampered(maze, np.random.default_rng(index))
        assert (other.path[0], other.path[-1]) == (other.start, other.goal)
        assert other.path in solve(other.walls, other.start, other.goal)
        assert passages_of(other.path) & passages_of(maze.path)


def test_a_tampered_maze_is_seen_not_to_be_the_question():
    for index, maze in enumerate(samples(6)):
        other = DOMAIN.tampered(maze, np.random.default_rng(index))
        assert DOMAIN.read(frame(other)) == DOMAIN.state(other, solved=True) != DOMAIN.state(maze, solved=True)


# Glimpses


def test_a_glimpse_of_a_clean_frame_shows_all_there_is():
    seen = DOMAIN.glimpse(HALF)
    ways = {tuple(sorted((a, b))) for a, near in open_passages(WALLS).items() for b in near}
    assert (seen.rows, seen.columns, seen.undisturbed, seen.tidy) == (3, 3, True, True)
    assert seen.even == seen.drawn
    assert seen.gaps == ways
    assert len(seen.walls | seen.gaps) == 12
    assert not seen.walls & seen.gaps
    assert seen.drawn == set(STEPS[:2])
    assert len(seen.blank) == 10
    assert (seen.starts, seen.goals) == ({(0, 0)}, {(2, 2)})
    assert seen.unmarked - seen.empty == {(0, 1), (0, 2)}


def test_the_tip_of_the_line_is_neither_there_nor_missing():
    seen = DOMAIN.glimpse(painted(0.0, ("line", [(0, 0), (0, 1.5)], BLUE, 40)))
    assert seen.drawn == {STEPS[0]}
    assert STEPS[1] not in seen.blank


@pytest.mark.parametrize("colour", ["#e0ac82", "#141414", "#46507a", "#8c9196"], ids=["skin", "black", "denim", "grey"])
def test_what_a_hand_covers_is_neither_there_nor_missing(colour):
    seen = DOMAIN.glimpse(painted(1.0, ("dot", (1, 1.5), colour, 40)))
    hidden = ((1, 1), (1, 2))
    assert not any(hidden in part for part in (seen.walls, seen.gaps, seen.drawn, seen.blank))
    assert STEPS[0] in seen.drawn
    assert seen.goals == {(2, 2)}


@pytest.mark.parametrize("colour", ["#e0ac82", "#141414"], ids=["skin", "black"])
def test_a_covered_mark_is_neither_there_nor_missing(colour):
    seen = DOMAIN.glimpse(painted(0.0, ("dot", (0, 0), colour, 50)))
    assert not seen.starts
    assert (0, 0) not in seen.unmarked


def test_a_hand_that_reaches_in_from_outside_does_not_hide_the_rest():
    seen = DOMAIN.glimpse(painted(0.5, ("line", [(1.8, 0.9), (4, 1.2)], "#e0ac82", 90)))
    assert (seen.rows, seen.columns, seen.undisturbed) == (3, 3, False)
    assert seen.drawn == set(STEPS[:2])


def test_a_pale_line_is_neither_there_nor_missing():
    seen = DOMAIN.glimpse(painted(0.0, ("line", [(0, 0), (0, 2)], "#8fb7f5", 40)))
    assert not {*STEPS[:2]} & (seen.drawn | seen.blank)


@pytest.mark.parametrize("size", [256, 720])
def test_glimpses_of_other_sizes_show_the_same(size):
    for maze in samples(3):
        assert DOMAIN.glimpse(frame(maze, 0.5, size)) == DOMAIN.glimpse(frame(maze, 0.5))


@pytest.mark.parametrize("change", [-8, 8])
def test_glimpses_a_little_darker_or_brighter_show_the_same(change):
    for maze in samples(3):
        other = np.clip(frame(maze).astype(int) + change, 0, 255).astype(np.uint8)
        assert DOMAIN.glimpse(other) == DOMAIN.glimpse(frame(maze))


def test_without_a_maze_there_is_no_glimpse():
    with pytest.raises(UnreadableFrameError):
        DOMAIN.glimpse(np.full((512, 512, 3), 255, np.uint8))


# Films without faults


@pytest.mark.parametrize("crf", [18, 28])
def test_the_film_of_the_solution_has_no_faults(crf, tmp_path):
    for index, maze in enumerate(samples(3)):
        path = tmp_path / f"{index}.mp4"
        media.write_video(path, DOMAIN.animate(maze, 10), fps=5, crf=crf)
        assert followed(*media.read_frames(path), maze=maze) == NO_FAULTS


def test_a_line_that_pops_in_by_several_cells_is_no_fault():
    assert followed(FIRST, FIRST, HALF, HALF, LAST, LAST) == NO_FAULTS


def test_frames_in_which_nothing_can_be_seen_are_no_fault():
    assert DOMAIN.follow(MAZE, [None, DOMAIN.glimpse(FIRST), None, None, DOMAIN.glimpse(LAST)]) == NO_FAULTS


def held(progress, tip, colour):
    """Draw the line with a pen at its tip and a hand that holds it."""
    row, column = tip
    pen = "line", [(row + 0.05, column + 0.05), (row + 0.6, column + 0.45)], colour, 24
    hand = "line", [(row + 0.5, column + 0.4), (row + 3, column + 2)], "#e0ac82", 80
    return painted(progress, pen, hand)


@pytest.mark.parametrize("colour", ["#141414", "#14287a", "#12a150", "#e02424", BLUE])
def test_a_hand_with_a_pen_is_no_fault(colour):
    tips = [(0, 0), (0, 0.5), (0, 1), (0, 1.5), (0, 2), (0.5, 2), (1, 2), (1.5, 2), (2, 2)]
    film = [held(number / 8, tip, colour) for number, tip in enumerate(tips)]
    assert followed(FIRST, *film, LAST) == NO_FAULTS


def test_a_line_that_flickers_for_one_glimpse_is_no_fault():
    assert followed(FIRST, HALF, HALF, FIRST, HALF, LAST).way == ()


def test_a_bit_of_blue_beside_the_line_in_a_single_glimpse_is_no_fault():
    astray = painted(0.75, ("line", [(0, 1), (1, 1)], BLUE, 30))
    assert followed(FIRST, HALF, astray, HALF, LAST).way == ()


def test_a_line_astray_in_a_single_glimpse_that_shows_a_hand_too_is_no_fault():
    hand = "line", [(2.2, 0.3), (4, 0.4)], "#e0ac82", 60
    astray = painted(0.75, hand, ("line", [(1, 2), (1, 1)], BLUE, 40))
    assert followed(FIRST, HALF, astray, HALF, LAST).way == ()


# Films with faults


def test_a_line_into_a_dead_end_is_no_legal_way():
    astray = painted(0.5, ("line", [(0, 1), (1, 1)], BLUE, 40))
    assert followed(FIRST, HALF, astray, astray, LAST) == Faults(
        way=("the line left the way from row 1, column 2 to row 2, column 2.",)
    )


def test_a_line_that_leads_astray_is_caught_by_a_single_clear_glimpse():
    caught = 0
    for maze in samples(6):
        for wrong in wrong_answers(maze)[0][:3]:
            if len(passages_of(wrong.path) & passages_of(maze.path)) >= 3:
                assert followed(frame(maze, 0.0), frame(wrong), frame(maze), maze=maze).way
                caught += 1
    assert caught > 5


def test_a_line_through_a_wall_is_no_legal_way():
    through = painted(0.5, ("line", [(1, 1), (1, 2)], BLUE, 40))
    assert followed(FIRST, HALF, through, through, LAST).way == (
        "the line went through a wall from row 2, column 2 to row 2, column 3.",
    )


def test_a_line_that_is_drawn_from_the_target_is_no_legal_way():
    backwards = painted(0.0, ("line", [(1, 2), (1.7, 2)], BLUE, 40))
    assert followed(FIRST, backwards, backwards, LAST).way == (
        "the line did not hang together with the green dot from row 2, column 3 to row 3, column 3.",
    )


def test_a_line_that_is_gone_again_is_no_legal_way():
    assert followed(FIRST, HALF, HALF, FIRST, FIRST, HALF, LAST).way == (
        "the line was gone again from row 1, column 1 to row 1, column 2, from row 1, column 2 to row 1, column 3.",
    )


def test_each_glimpse_with_a_missing_wall_counts():
    opened = painted(0.5, ("line", [(0.52, 1.5), (1.48, 1.5)], "white", 30))
    said = "there is no wall between row 2, column 2 and row 2, column 3."
    assert followed(FIRST, HALF, opened, opened, LAST) == Faults(givens=(said, said))


def test_a_new_wall_is_named():
    closed = painted(0.5, ("line", [(1.5, 1.55), (1.5, 2.45)], "#1f2933", 5))
    assert followed(FIRST, closed, LAST).givens == ("there is a new wall between row 2, column 3 and row 3, column 3.",)


def test_a_mark_that_moves_along_with_the_line_is_named():
    moving = painted(0.5, ("dot", (0, 0), "white", 50), ("dot", (0, 2), "#12a150", 41))
    assert followed(FIRST, moving, LAST).givens == ("the green dot is at row 1, column 3 instead of row 1, column 1.",)


def test_a_mark_that_is_wiped_away_is_named():
    assert followed(FIRST, painted(0.0, ("dot", (2, 2), "white", 60)), LAST).givens == (
        "the red target at row 3, column 3 is gone.",
    )


def test_another_maze_in_between_is_named():
    bigger = next(maze for maze in samples(3) if maze.rows > 4)
    size = f"{bigger.rows}x{bigger.columns}"
    assert followed(FIRST, frame(bigger), LAST).givens == (f"the maze has {size} cells instead of 3x3.",)


def test_every_wrong_answer_that_turns_into_the_right_one_is_caught():
    for index, maze in enumerate(samples(6)):
        wrong = DOMAIN.wrong(maze, np.random.default_rng(index))
        film = [*DOMAIN.animate(wrong, 8), frame(maze)]
        assert followed(*film, maze=maze).way


def test_a_tampered_maze_is_caught_in_every_glimpse_that_shows_it():
    for index, maze in enumerate(samples(6)):
        other = DOMAIN.tampered(maze, np.random.default_rng(index))
        film = [frame(maze, 0.0), frame(other, 0.0), frame(other, 0.5), frame(other), frame(maze)]
        assert len(followed(*film, maze=maze).givens) == 3


# Glimpses that need no pictures


def ideal(maze, done):
    """Return what is certain while the line has reached its step ``done``."""
    drawn = passages_of(maze.path[: done + 1])
    ways = {tuple(sorted((a, b))) for a, near in open_passages(maze.walls).items() for b in near}
    cells = {(row, column) for row in range(maze.rows) for column in range(maze.columns)}
    every = {(a, b) for a in cells for b in ((a[0] + 1, a[1]), (a[0], a[1] + 1)) if b in cells}
    unmarked = cells - {maze.start, maze.goal}
    return MazeGlimpse(
        rows=maze.rows,
        columns=maze.columns,
        undisturbed=True,
        walls=frozenset(every - ways),
        gaps=frozenset(ways),
        drawn=drawn,
        even=drawn,
        blank=frozenset(every - drawn),
        tidy=True,
        starts=frozenset({maze.start}),
        goals=frozenset({maze.goal}),
        unmarked=frozenset(unmarked),
        empty=frozenset(unmarked - set(maze.path[: done + 1])),
    )


def covered(seen, hidden):
    """Take some cells, and the borders around them, out of all that is certain."""

    def free(passages):
        return frozenset(passage for passage in passages if not hidden & set(passage))

    return replace(
        seen,
        walls=free(seen.walls),
        gaps=free(seen.gaps),
        drawn=free(seen.drawn),
        even=free(seen.even),
        blank=free(seen.blank),
        starts=seen.starts - hidden,
        goals=seen.goals - hidden,
        unmarked=seen.unmarked - hidden,
        empty=seen.empty - hidden,
    )


CELLS = st.frozensets(st.tuples(st.integers(0, 2), st.integers(0, 2)), max_size=6)


@given(st.lists(st.tuples(st.integers(0, 4), CELLS, st.booleans()), max_size=12))
@settings(max_examples=200, deadline=None)
def test_a_growing_line_has_no_faults_at_any_pace_and_whatever_is_hidden(moments):
    paces = sorted(done for done, _, _ in moments)
    glimpses = [
        None if lost else covered(ideal(MAZE, done), hidden)
        for done, (_, hidden, lost) in zip(paces, moments, strict=True)
    ]
    assert DOMAIN.follow(MAZE, [ideal(MAZE, 0), *glimpses, ideal(MAZE, 4)]) == NO_FAULTS


@given(st.sampled_from(sorted(ideal(MAZE, 0).walls)), st.integers(0, 4), st.integers(2, 5))
@settings(max_examples=60, deadline=None)
def test_any_wall_that_is_crossed_twice_is_named(wall, done, times):
    seen = ideal(MAZE, done)
    crossed = replace(seen, drawn=seen.drawn | {wall}, blank=seen.blank - {wall})
    (sentence,) = DOMAIN.follow(MAZE, [ideal(MAZE, 0), *[crossed] * times, ideal(MAZE, 4)]).way
    assert sentence.startswith("the line went through a wall from row ")
