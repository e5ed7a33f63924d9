"""Mazes: what holds for them beyond what every domain promises."""

import copy
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from vmevalkit.errors import PuzzleError, UnreadableFrameError
from vmevalkit.tasks import DIFFICULTIES, question_rng
from vmevalkit.tasks.maze_task import Maze, MazeDomain
from vmevalkit.tasks.maze_task.generation import ALGORITHMS, carve
from vmevalkit.tasks.maze_task.puzzle import (
    DIRECTIONS,
    explore,
    letters,
    open_passages,
    question_key,
    solve,
    trace,
    turns,
    wrong_answers,
)

DOMAIN = MazeDomain()
LENGTHS = {"easy": range(6, 15), "medium": range(15, 28), "hard": range(28, 101)}
SIDES = {"easy": range(3, 8), "medium": range(8, 12), "hard": range(12, 22)}


def samples(count, seed=7):
    for index in range(count):
        difficulty = DIFFICULTIES[index % 3]
        yield difficulty, DOMAIN.sample(question_rng("maze", 1, seed, index), difficulty)


def corner_to_corner(rows, columns, algorithm="wilson"):
    walls = carve(algorithm, rows, columns, np.random.default_rng(rows * 100 + columns))
    goal = rows - 1, columns - 1
    return Maze(algorithm, walls, (0, 0), goal, trace(explore(open_passages(walls), (0, 0)), goal))


def maze_of(passages, rows, columns, start, goal, path=None):
    """Build a maze from the pairs of cells that are joined."""
    masks = [[15] * columns for _ in range(rows)]
    sides = {step: side for side, step in DIRECTIONS.items()}
    for (r, c), (s, d) in passages:
        masks[r][c] &= ~sides[s - r, d - c]
        masks[s][d] &= ~sides[r - s, c - d]
    walls = tuple("".join(f"{mask:x}" for mask in line) for line in masks)
    return Maze("by hand", walls, start, goal, path or (start,))


def frame(maze, progress=1.0, size=512):
    return np.asarray(DOMAIN.render(maze, progress, size).convert("RGB"))


def edges(rows, columns):
    right = [((r, c), (r, c + 1)) for r in range(rows) for c in range(columns - 1)]
    return right + [((r, c), (r + 1, c)) for r in range(rows - 1) for c in range(columns)]


# Carving and sampling


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize(("rows", "columns"), [(3, 3), (4, 7), (15, 15), (21, 21)])
def test_a_carved_maze_joins_all_cells_without_a_loop(algorithm, rows, columns):
    graph = open_passages(carve(algorithm, rows, columns, np.random.default_rng(1)))
    assert len(explore(graph, (0, 0))) == rows * columns
    assert sum(map(len, graph.values())) == 2 * (rows * columns - 1)


def test_wilson_draws_all_small_mazes_alike():
    rng = np.random.default_rng(3)
    counts = Counter(carve("wilson", 2, 3, rng) for _ in range(1500))
    assert len(counts) == 15  # the spanning trees of a 2x3 grid
    assert min(counts.values()) > 60


def test_the_algorithms_differ_in_the_number_of_dead_ends():
    ends = {
        name: sum(DOMAIN.to_metadata(corner_to_corner(15, c, name))["dead_ends"] for c in range(10, 16))
        for name in ALGORITHMS
    }
    assert ends["dfs"] < ends["wilson"] < ends["prim"]


def test_size_and_path_suit_the_difficulty():
    algorithms = set()
    for difficulty, maze in samples(60):
        algorithms.add(maze.algorithm)
        assert maze.rows == maze.columns
        assert maze.rows in SIDES[difficulty]
        assert len(maze.path) - 1 in LENGTHS[difficulty]
        assert turns(maze.path) >= 3
    assert algorithms == set(ALGORITHMS)


# Solving


def all_simple_paths(graph, path, goal):
    if path[-1] == goal:
        return [tuple(path)]
    ways = (cell for cell in graph[path[-1]] if cell not in path)
    return [found for cell in ways for found in all_simple_paths(graph, [*path, cell], goal)]


@given(st.sets(st.sampled_from(edges(4, 3))), st.sampled_from([(0, 1), (3, 2), (1, 1)]))
@settings(max_examples=150, deadline=None)
def test_the_solver_agrees_with_a_list_of_all_simple_paths(passages, goal):
    maze = maze_of(passages, 4, 3, (0, 0), goal)
    every = all_simple_paths(open_passages(maze.walls), [(0, 0)], goal)
    found = solve(maze.walls, (0, 0), goal)
    assert len(found) == min(len(every), 2)
    assert len(set(found)) == len(found)
    assert set(found) <= set(every)


def test_a_loop_on_the_way_makes_a_maze_ambiguous():
    ring = [((0, 0), (0, 1)), ((0, 1), (1, 1)), ((1, 1), (1, 0)), ((1, 0), (0, 0))]
    tail = [((1, 1), (1, 2)), ((1, 2), (2, 2)), ((0, 1), (0, 2)), ((1, 0), (2, 0)), ((2, 0), (2, 1))]
    maze = maze_of(ring + tail, 3, 3, (0, 0), (2, 2), ((0, 0), (0, 1), (1, 1), (1, 2), (2, 2)))
    with pytest.raises(PuzzleError, match=r"the answer is RDRD, the solver finds (RDRD, DRRD|DRRD, RDRD)$"):
        DOMAIN.check(maze)


def test_a_loop_beside_the_way_does_no_harm():
    ring = [((1, 0), (1, 1)), ((1, 1), (2, 1)), ((2, 1), (2, 0)), ((2, 0), (1, 0))]
    maze = maze_of([*ring, ((0, 0), (0, 1)), ((0, 0), (1, 0))], 3, 3, (0, 0), (0, 1), ((0, 0), (0, 1)))
    DOMAIN.check(maze)


def test_a_goal_that_cannot_be_reached_has_no_solution():
    maze = maze_of([((0, 0), (0, 1))], 3, 3, (0, 0), (2, 2), ((0, 0), (0, 1)))
    with pytest.raises(PuzzleError, match="finds none"):
        DOMAIN.check(maze)
    with pytest.raises(PuzzleError, match="no way leads from start to goal"):
        wrong_answers(maze)


# The same question


def turned(maze, times):
    for _ in range(times):
        last = maze.rows - 1
        walls = ["".join(maze.walls[last - c][r] for c in range(maze.rows)) for r in range(maze.columns)]
        walls = tuple("".join(f"{int(d, 16) << 1 & 15 | int(d, 16) >> 3:x}" for d in line) for line in walls)
        maze = replace(
            maze, walls=walls, start=(maze.start[1], last - maze.start[0]), goal=(maze.goal[1], last - maze.goal[0])
        )
    return maze


def mirrored(maze):
    last = maze.columns - 1
    swap = {f"{m:x}": f"{m & 5 | (m & 2) << 2 | (m & 8) >> 2:x}" for m in range(16)}
    walls = tuple("".join(swap[digit] for digit in reversed(line)) for line in maze.walls)
    return replace(
        maze, walls=walls, start=(maze.start[0], last - maze.start[1]), goal=(maze.goal[0], last - maze.goal[1])
    )


@pytest.mark.parametrize(("rows", "columns"), [(4, 4), (3, 7)])
def test_the_key_is_that_of_every_rotated_and_mirrored_copy(rows, columns):
    maze = corner_to_corner(rows, columns)
    copies = [turned(side, times) for side in (maze, mirrored(maze)) for times in range(4)]
    assert len({(each.walls, each.start, each.goal) for each in copies}) == 8
    assert len({question_key(each) for each in copies}) == 1


def test_the_way_back_is_another_question():
    maze = corner_to_corner(5, 5)
    assert question_key(maze) != question_key(replace(maze, start=maze.goal, goal=maze.start))


def test_the_answer_does_not_enter_the_key_but_every_wall_does():
    maze = corner_to_corner(5, 5)
    assert question_key(replace(maze, path=maze.path[:2])) == question_key(maze)
    joined = {tuple(sorted((a, b))) for a, near in open_passages(maze.walls).items() for b in near}
    others = [maze_of(joined ^ {edge}, 5, 5, maze.start, maze.goal) for edge in edges(5, 5)]
    assert question_key(maze) not in {question_key(other) for other in others}


# Wrong answers


def test_wrong_answers_run_into_dead_ends_or_through_walls():
    for _, maze in samples(12):
        strays, cuts = wrong_answers(maze)
        assert strays
        graph = open_passages(maze.walls)
        for wrong in strays:
            assert all(there in graph[here] for here, there in pairwise(wrong.path))
            assert len(graph[wrong.path[-1]]) == 1
            assert wrong.path[-1] != maze.goal
        for wrong in cuts:
            crossed = [there not in graph[here] for here, there in pairwise(wrong.path)]
            assert sum(crossed) == 1
            assert wrong.path[-1] == maze.goal


def test_a_maze_that_is_one_corridor_is_answered_wrongly_by_stopping_half_way():
    line = [(0, 0), (0, 1), (0, 2), (1, 2), (2, 2)]
    maze = maze_of(pairwise(line), 3, 3, (0, 0), (2, 2), tuple(line))
    wrong = DOMAIN.wrong(maze, np.random.default_rng(1))
    assert wrong.path == ((0, 0), (0, 1))


# Metadata


def test_metadata_says_how_hard_a_maze_is():
    line = [(0, 0), (0, 1), (0, 2), (1, 2), (2, 2)]
    branch = [((0, 1), (1, 1)), ((1, 1), (2, 1)), ((1, 1), (1, 0)), ((1, 0), (2, 0))]
    maze = maze_of([*pairwise(line), *branch], 3, 3, (0, 0), (2, 2), tuple(line))
    facts = DOMAIN.to_metadata(maze)
    assert facts["solution_path"] == [[0, 0], [0, 1], [0, 2], [1, 2], [2, 2]]
    assert facts["walls"] == ["d13", "92a", "eee"]
    assert (facts["path_length"], facts["turns"], facts["junctions"], facts["dead_ends"]) == (4, 1, 1, 4)


GOOD = DOMAIN.to_metadata(corner_to_corner(5, 5))


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("algorithm", 3, "'algorithm' must be"),
        ("walls", "9a3", "'walls' must be a list"),
        ("walls", ["f" * 5] * 2, "'walls' must be a list"),
        ("walls", ["f" * 5] * 22, "'walls' must be a list"),
        ("walls", ["f" * 5] * 4 + ["f" * 6], "equal length"),
        ("walls", ["f" * 5] * 4 + ["ffffg"], "hexadecimal"),
        ("walls", ["f" * 5] * 4 + ["ffffb"], "has no outer wall"),
        ("walls", ["f" * 5] * 4 + ["fffef"], "disagrees with its neighbour"),
        ("start", [0, 5], "'start' must be"),
        ("start", [True, 1], "'start' must be"),
        ("goal", [0, 0], "same cell"),
        ("goal", None, "'goal' must be"),
        ("solution_path", [], "'solution_path' must be"),
        ("solution_path", [[0, 1], [0, 0]], "does not begin"),
        ("solution_path", [[0, 0], [0, 1], [0, 0]], "twice"),
        ("solution_path", [[0, 0], [1, 1]], "jumps"),
        ("solution_path", [[0, 0], [0, "1"]], r"'solution_path\[1\]'"),
    ],
)
def test_metadata_with_a_broken_field_is_refused_by_name(field, value, problem):
    with pytest.raises(PuzzleError, match=problem):
        DOMAIN.from_metadata({**GOOD, field: value})


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=12,
)


@given(st.sampled_from(["algorithm", "walls", "start", "goal", "solution_path"]), JUNK, st.data())
@settings(max_examples=150, deadline=None)
def test_junk_in_metadata_is_refused_as_a_puzzle_error_or_makes_a_maze(field, junk, data):
    facts = copy.deepcopy(GOOD)
    target = facts[field]
    if isinstance(target, list) and data.draw(st.booleans()):
        target[data.draw(st.integers(0, len(target) - 1))] = junk
    else:
        facts[field] = junk
    try:
        maze = DOMAIN.from_metadata(facts)
    except PuzzleError:
        return
    assert DOMAIN.from_metadata(DOMAIN.to_metadata(maze)) == maze


# Frames


@pytest.mark.parametrize(("rows", "columns"), [(3, 3), (21, 21), (4, 13), (21, 3)])
def test_all_sizes_are_drawn_and_read(rows, columns):
    maze = corner_to_corner(rows, columns)
    assert DOMAIN.read(frame(maze)) == DOMAIN.state(maze, solved=True)
    assert DOMAIN.read(frame(maze, 0.0)) == DOMAIN.state(maze, solved=False)


def test_the_line_is_seen_where_it_takes_a_short_cut_through_a_wall():
    seen = 0
    for _, maze in samples(6):
        for wrong in wrong_answers(maze)[1][:3]:
            assert DOMAIN.read(frame(wrong)) == DOMAIN.state(wrong, solved=True)
            seen += 1
    assert seen > 5


def test_the_line_grows_from_the_start_without_a_gap():
    maze = corner_to_corner(6, 6)
    steps = [tuple(sorted(step)) for step in pairwise(maze.path)]
    for done in range(len(steps) + 1):
        state = DOMAIN.read(frame(maze, done / len(steps)))
        assert state.drawn == set(steps[:done])


STRAIGHT = [(1, 0), (1, 1), (1, 2), (1, 3)]
COMB = [((1, c), (r, c)) for c in range(4) for r in (0, 2)] + [((2, c), (3, c)) for c in range(4)]
CORRIDOR = maze_of([*pairwise(STRAIGHT), *COMB], 4, 4, (1, 0), (1, 3), tuple(STRAIGHT))
PITCH = 110
"""Of a 4x4 maze in a frame of 512 pixels, nearly."""


def middle(row, column):
    """Return the place (x, y) of a cell of a 4x4 maze in a frame of 512 pixels, which may lie between cells."""
    return 256 + (column - 1.5) * PITCH, 256 + (row - 1.5) * PITCH


def painted(maze, progress, shapes):
    """Draw on a frame: (kind, points, colour, width) with kind ``line`` or ``dot``."""
    picture = Image.fromarray(frame(maze, progress))
    pen = ImageDraw.Draw(picture)
    for kind, points, colour, width in shapes:
        if kind == "line":
            pen.line([middle(*point) for point in points], fill=colour, width=width)
        else:
            x, y = middle(*points)
            pen.ellipse((x - width, y - width, x + width, y + width), fill=colour)
    return np.asarray(picture)


def test_a_line_that_ends_between_two_cells_has_a_loose_end():
    state = DOMAIN.read(painted(CORRIDOR, 0.0, [("line", [(1, 0), (1, 1.5)], "#1f6feb", 26)]))
    assert state.drawn == {((1, 0), (1, 1))}
    assert state.loose == {((1, 1), (1, 2))}


def test_a_solution_with_a_side_branch_is_not_the_solution():
    seen = DOMAIN.read(painted(CORRIDOR, 1.0, [("line", [(1, 1), (2, 1)], "#1f6feb", 26)]))
    assert not DOMAIN.matches(seen, DOMAIN.state(CORRIDOR, solved=True))
    assert DOMAIN.difference(seen, DOMAIN.state(CORRIDOR, solved=True)) == (
        "the line wrongly leads from row 2, column 2 to row 3, column 2."
    )


def test_a_line_drawn_off_the_middle_by_a_shaky_hand_is_still_the_solution():
    points = [(1, 0), (1.1, 0.5), (0.9, 1), (1.15, 1.5), (1, 2), (0.88, 2.5), (1, 2.8)]
    seen = DOMAIN.read(painted(CORRIDOR, 0.0, [("line", points, "#2a6ad8", 20)]))
    assert DOMAIN.matches(seen, DOMAIN.state(CORRIDOR, solved=True))


def test_a_wall_that_was_wiped_away_is_missed():
    seen = DOMAIN.read(painted(CORRIDOR, 1.0, [("line", [(1.58, 0.5), (2.42, 0.5)], "white", 16)]))
    assert "the walls around row 3, column 1, row 3, column 2 have changed" in DOMAIN.difference(
        seen, DOMAIN.state(CORRIDOR, solved=True)
    )


def test_a_mark_that_moved_is_named():
    shapes = [("dot", (1, 3), "white", 38), ("dot", (3, 3), "#e02424", 30)]
    seen = DOMAIN.read(painted(CORRIDOR, 0.0, shapes))
    assert DOMAIN.difference(seen, DOMAIN.state(CORRIDOR, solved=False)) == (
        "the red target is at row 4, column 4 instead of row 2, column 4."
    )


@pytest.mark.parametrize(
    ("shapes", "problem"),
    [
        ([("line", [(1, 0), (1, 3)], "#8fb7f5", 26)], "not certain whether there is a line"),
        ([("line", [(2, 0.35), (2, 0.65)], "white", 50)], "not certain whether there is a wall"),
        ([("dot", (3, 0), "#12a150", 30)], "not exactly one green dot"),
        ([("dot", (1, 3), "white", 40)], "not exactly one red target"),
        ([("dot", (3, 0), "#1f6feb", 20)], "row 4, column 1 cannot be made out"),
        ([("dot", (3, 0), "#777777", 30)], "row 4, column 1 cannot be made out"),
        ([("line", [(-1, -0.62), (4, -0.62)], "white", 60)], "wall|maze"),
        ([("line", [(3, 3), (3, 3.7)], "#1f6feb", 26)], "crossed by the line"),
    ],
    ids=["pale line", "half a wall", "two dots", "no target", "blue blot", "grey blot", "side gone", "way out"],
)
def test_what_is_not_certain_is_unreadable(shapes, problem):
    with pytest.raises(UnreadableFrameError, match=problem):
        DOMAIN.read(painted(CORRIDOR, 0.0, shapes))


def test_a_maze_of_another_size_is_named():
    seen = DOMAIN.read(frame(corner_to_corner(5, 5)))
    assert DOMAIN.difference(seen, DOMAIN.state(CORRIDOR, solved=True)) == "the maze has 5x5 cells instead of 4x4."


# Prompts


def test_open_prompts_are_the_same_for_every_maze():
    one, two = (maze for _, maze in samples(2))
    assert DOMAIN.prompt(one, "open", np.random.default_rng(5)) == DOMAIN.prompt(two, "open", np.random.default_rng(5))


def test_instructed_prompts_spell_the_path():
    for seed in range(8):
        assert "right 3" in DOMAIN.prompt(CORRIDOR, "instructed", np.random.default_rng(seed))
    assert letters(CORRIDOR.path) == "RRR"
