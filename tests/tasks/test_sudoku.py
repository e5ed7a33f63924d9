"""Sudokus: what holds for them beyond what every domain promises."""

import copy
from collections import Counter
from dataclasses import replace
from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from vmevalkit.errors import PuzzleError, UnreadableFrameError
from vmevalkit.tasks import DIFFICULTIES, question_rng
from vmevalkit.tasks.sudoku_task import Sudoku, SudokuDomain, SudokuState
from vmevalkit.tasks.sudoku_task.generation import dig, fill
from vmevalkit.tasks.sudoku_task.logic import deduce, hardest_technique
from vmevalkit.tasks.sudoku_task.puzzle import BOXES, TECHNIQUES, board, question_key, solve

DOMAIN = SudokuDomain()
BLANKS = {
    "easy": {3: (4, 6), 4: (5, 8), 6: (8, 11)},
    "medium": {4: (9, 12), 6: (14, 20)},
    "hard": {6: (22, 28), 9: (44, 56)},
}


def sample(index, difficulty, seed=7):
    return DOMAIN.sample(question_rng("sudoku", 1, seed, index), difficulty)


def of_side(side, seed=1, tries=0):
    """Make a sudoku of a side, with as many blanks as can be."""
    rng = np.random.default_rng(seed)
    solution = fill(side, rng)
    givens = dig(side, solution, side * side, tries, rng)
    steps = deduce(side, givens, solution)
    return Sudoku(side, givens, solution, tuple(step.cell for step in steps), hardest_technique(steps))


def grid(text):
    return tuple(int(digit) for digit in text.replace("/", "").replace(".", "0"))


def frame(sudoku, progress=1.0, size=512):
    return np.asarray(DOMAIN.render(sudoku, progress, size).convert("RGB"))


# Solving


def all_grids(side):
    """List every full board by laying permutations on top of each other: no bits, no search."""
    tall, wide = BOXES[side] or (1, side)
    rows = list(permutations(range(1, side + 1)))
    for lines in product(rows, repeat=side):
        if any(len({line[c] for line in lines}) < side for c in range(side)):
            continue
        blocks = [
            {lines[top + r][left + c] for r in range(tall) for c in range(wide)}
            for top in range(0, side, tall)
            for left in range(0, side, wide)
        ]
        if all(len(block) == side for block in blocks):
            yield sum(lines, ())


GRIDS = {side: sorted(all_grids(side)) for side in (3, 4)}


def test_the_solver_finds_every_board_there_is():
    assert [len(GRIDS[3]), len(GRIDS[4])] == [12, 288]
    for side, grids in GRIDS.items():
        assert sorted(solve(side, [0] * side * side, limit=1000)) == grids


@given(st.sampled_from([3, 4]), st.data())
@settings(max_examples=150, deadline=None)
def test_the_solver_agrees_with_the_list_of_all_boards(side, data):
    givens = list(data.draw(st.sampled_from(GRIDS[side])))
    for cell in data.draw(st.sets(st.integers(0, side * side - 1), min_size=side)):
        givens[cell] = 0
    if data.draw(st.booleans()):
        givens[data.draw(st.integers(0, side * side - 1))] = data.draw(st.integers(1, side))
    every = [full for full in GRIDS[side] if all(g in (0, d) for g, d in zip(givens, full, strict=True))]
    found = solve(side, givens)
    assert len(found) == min(len(every), 2)
    assert set(found) <= set(every)


WIKIPEDIA = grid("53..7..../6..195.../.98....6./8...6...3/4..8.3..1/7...2...6/.6....28./...419..5/....8..79")
ESCARGOT = grid("1....7.9./.3..2...8/..96..5../..53..9../.1..8...2/6....4.../3......1./.4......7/..7...3..")


def test_well_known_sudokus_are_solved_and_graded():
    answer = "534678912/672195348/198342567/859761423/426853791/713924856/961537284/287419635/345286179"
    assert solve(9, WIKIPEDIA) == [grid(answer)]
    assert hardest_technique(deduce(9, WIKIPEDIA, grid(answer))) in ("naked_single", "hidden_single")
    (escargot,) = solve(9, ESCARGOT)
    assert hardest_technique(deduce(9, ESCARGOT, escargot)) == "search"


def test_a_sudoku_with_two_solutions_or_contradicting_digits_is_refused():
    sudoku = of_side(4)
    cell = sudoku.givens.index(next(digit for digit in sudoku.givens if digit))
    ambiguous = replace(sudoku, givens=(0,) * 16)
    with pytest.raises(PuzzleError, match=r"the solver finds \d{4}/\S+, \d{4}/"):
        DOMAIN.check(ambiguous)
    twice = list(sudoku.givens)
    twice[board(4).peers[cell][0]] = sudoku.givens[cell]
    with pytest.raises(PuzzleError, match="the solver finds none"):
        DOMAIN.check(replace(sudoku, givens=tuple(twice)))


# The logical order


def marked(side, digits):
    """Return for each cell the digits that no row, column or box forbids; none where a digit is written."""
    candidates = [set() if digit else set(range(1, side + 1)) for digit in digits]
    for cell, digit in enumerate(digits):
        for unit in board(side).units:
            for other in unit if cell in unit else ():
                candidates[other].discard(digit)
    return candidates


def settled(candidates, side):
    """List the digits that follow at a glance: (cell, digit, whether it is the only one that fits in the cell)."""
    for cell, marks in enumerate(candidates):
        for digit in marks:
            alone = [unit for unit in board(side).units if [c for c in unit if digit in candidates[c]] == [cell]]
            if len(marks) == 1 or alone:
                yield cell, digit, len(marks) == 1


def strike(candidates, side, *, pairs):
    """Strike out all that locked candidates, and naked pairs if asked, rule out; in the plainest way."""
    units, before = board(side).units, None
    while before != candidates:
        before = [set(marks) for marks in candidates]
        for unit in units:
            for digit in range(1, side + 1):
                places = {c for c in unit if digit in candidates[c]}
                for other in units:
                    if places and places <= set(other):
                        for c in set(other) - places:
                            candidates[c].discard(digit)
            for one, two in permutations(unit, 2) if pairs else ():
                if len(candidates[one]) == 2 and candidates[one] == candidates[two]:
                    for c in set(unit) - {one, two}:
                        candidates[c] -= candidates[one]


def replay(sudoku):
    """Check that each step follows by its technique, and that no simpler one would do; return the techniques."""
    side, digits = sudoku.side, list(sudoku.givens)
    struck = marked(side, digits)
    steps = deduce(side, sudoku.givens, sudoku.solution)
    assert tuple(step.cell for step in steps) == sudoku.order
    for step in steps:
        assert step.digit == sudoku.solution[step.cell]
        level = TECHNIQUES.index(step.technique)
        plain = marked(side, digits)
        if level > 2:
            strike(plain, side, pairs=level > 3)
        assert level == 0 or not any(naked or level > 1 for _, _, naked in settled(plain, side))
        if level > 1:
            strike(struck, side, pairs=level > 2)
        follows = {(cell, digit) for cell, digit, naked in settled(struck, side) if naked or level}
        assert step.technique == "search" or (step.cell, step.digit) in follows
        digits[step.cell] = step.digit
        for cell, marks in enumerate(marked(side, digits)):
            struck[cell] &= marks
    return {step.technique for step in steps}


def test_every_digit_of_the_logical_order_is_justified():
    needed = set()
    for side, seeds, tries in ((3, 3, 9), (4, 6, 16), (6, 40, 36), (9, 30, 16)):
        for seed in range(seeds):
            sudoku = of_side(side, seed, tries)
            if side < 6 or sudoku.technique not in ("naked_single", "hidden_single") or seed < 2:
                needed |= replay(sudoku)
    assert needed == set(TECHNIQUES)


# Sampling


def test_sides_and_blanks_suit_the_difficulty():
    for difficulty in DIFFICULTIES:
        sides = Counter()
        for index in range(60):
            sudoku = sample(index, difficulty)
            fewest, most = BLANKS[difficulty][sudoku.side]
            assert fewest <= sudoku.givens.count(0) <= most
            sides[sudoku.side] += 1
            if difficulty == "easy":
                assert sudoku.technique in ("naked_single", "hidden_single")
        assert set(sides) == set(BLANKS[difficulty])


def test_hundreds_of_questions_hardly_repeat():
    for difficulty in DIFFICULTIES:
        keys = {DOMAIN.key(sample(index, difficulty)) for index in range(300)}
        assert len(keys) > 280


def test_boards_are_filled_in_all_the_ways_there_are():
    rng = np.random.default_rng(4)
    assert len({fill(4, rng) for _ in range(3000)}) == 288


# The same question


@pytest.mark.parametrize(("side", "count"), [(3, 8), (4, 8), (6, 4), (9, 8)])
def test_the_key_is_that_of_every_relabelled_rotated_and_mirrored_copy(side, count):
    sudoku = of_side(side)
    assert len(board(side).symmetries) == count
    names = [0, *np.random.default_rng(2).permutation(side) + 1]
    square = np.array(sudoku.givens).reshape(side, side)
    views = [np.rot90(view, turn) for view in (square, square.T) for turn in range(4)]
    if side == 6:
        views = [view for number, view in enumerate(views) if number in (0, 2, 5, 7)]
    keys = {question_key(replace(sudoku, givens=tuple(int(names[digit]) for digit in view.ravel()))) for view in views}
    assert keys == {question_key(sudoku)}


def test_another_given_is_another_question():
    sudoku = of_side(6)
    others = []
    for cell in sudoku.order:
        givens = list(sudoku.givens)
        givens[cell] = sudoku.solution[cell]
        others.append(question_key(replace(sudoku, givens=tuple(givens))))
    assert question_key(sudoku) not in others
    assert question_key(replace(sudoku, solution=sudoku.givens)) == question_key(sudoku)


# Wrong answers


@pytest.mark.parametrize("difficulty", DIFFICULTIES)
def test_a_wrong_answer_swaps_two_digits_and_breaks_a_rule(difficulty):
    for index in range(10):
        sudoku = sample(index, difficulty)
        wrong = DOMAIN.wrong(sudoku, np.random.default_rng(index))
        changed = [c for c, (a, b) in enumerate(zip(sudoku.solution, wrong.solution, strict=True)) if a != b]
        assert len(changed) == 2
        assert set(changed) <= set(sudoku.order)
        assert sorted(wrong.solution) == sorted(sudoku.solution)
        assert any(len({wrong.solution[c] for c in unit}) < sudoku.side for unit in board(sudoku.side).units)


def test_with_one_blank_the_wrong_answer_is_another_digit():
    full = GRIDS[4][0]
    sudoku = Sudoku(4, (*full[:15], 0), full, (15,), "naked_single")
    wrong = DOMAIN.wrong(sudoku, np.random.default_rng(1)).solution
    assert wrong[:15] == full[:15]
    assert wrong[15] in {1, 2, 3, 4} - {full[15]}


# Metadata

SMALL = Sudoku(3, grid("12./..1/.1."), grid("123/231/312"), (2, 4, 3, 6, 8), "naked_single")
GOOD = DOMAIN.to_metadata(SMALL)


def test_metadata_is_plain_and_complete():
    assert GOOD == {
        "side": 3,
        "box": None,
        "puzzle": [[1, 2, 0], [0, 0, 1], [0, 1, 0]],
        "solution": [[1, 2, 3], [2, 3, 1], [3, 1, 2]],
        "solution_order": [[0, 2, 3], [1, 1, 3], [1, 0, 2], [2, 0, 3], [2, 2, 2]],
        "blanks": 5,
        "technique": "naked_single",
    }
    assert DOMAIN.to_metadata(of_side(6))["box"] == [2, 3]


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("side", 5, "'side' must be one of 3, 4, 6, 9"),
        ("side", True, "'side'"),
        ("side", [3], "'side'"),
        ("side", 4, "'puzzle'"),
        ("puzzle", [[1, 2, 0], [0, 0, 1]], "'puzzle'"),
        ("puzzle", [[1, 2, 0], [0, 0, 1], [0, 1, 4]], "'puzzle'"),
        ("puzzle", [[1, 2, 0], [0, 0, 1], [0, 1, False]], "'puzzle'"),
        ("puzzle", [[1, 2, 3], [2, 3, 1], [3, 1, 2]], "no empty cell"),
        ("solution", [[1, 2, 3], [2, 3, 1], [3, 1, 0]], "'solution' must be"),
        ("solution", [[2, 1, 3], [2, 3, 1], [3, 1, 2]], r"changes the given digit at \[0, 0\]"),
        ("technique", "guessing", "'technique'"),
        ("technique", ["search"], "'technique'"),
        ("solution_order", None, "'solution_order'"),
        ("solution_order", [[0, 2]], "'solution_order'"),
        ("solution_order", [[0, 2, 3], [0, 2, 3]], "not in the solution or not to be filled in"),
        ("solution_order", [[0, 0, 1]], "not in the solution or not to be filled in"),
        ("solution_order", [[0, 2, 3]], r"lacks \[1, 0, 2\]"),
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


@given(st.sampled_from(["side", "puzzle", "solution", "solution_order", "technique"]), JUNK, st.data())
@settings(max_examples=150, deadline=None)
def test_junk_in_metadata_is_refused_as_a_puzzle_error_or_makes_a_sudoku(field, junk, data):
    facts = copy.deepcopy(GOOD)
    target = facts[field]
    if isinstance(target, list) and data.draw(st.booleans()):
        place = data.draw(st.integers(0, len(target) - 1))
        if data.draw(st.booleans()):
            target[place][data.draw(st.integers(0, 2))] = junk
        else:
            target[place] = junk
    else:
        facts[field] = junk
    try:
        sudoku = DOMAIN.from_metadata(facts)
    except PuzzleError:
        return
    assert DOMAIN.from_metadata(DOMAIN.to_metadata(sudoku)) == sudoku


# Frames


@pytest.mark.parametrize("side", BOXES)
@pytest.mark.parametrize("size", [256, 512])
def test_all_sides_are_drawn_and_read(side, size):
    sudoku = of_side(side)
    for progress, solved in ((0.0, False), (1.0, True)):
        assert DOMAIN.read(frame(sudoku, progress, size)) == DOMAIN.state(sudoku, solved=solved)


def test_digits_appear_in_the_logical_order():
    sudoku = of_side(4)
    for written in range(len(sudoku.order) + 1):
        digits = list(sudoku.givens)
        for cell in sudoku.order[:written]:
            digits[cell] = sudoku.solution[cell]
        assert DOMAIN.read(frame(sudoku, written / len(sudoku.order))).digits == tuple(digits)


SIZE = 152
"""Pixels of a cell of a 3x3 board in a frame of 512, nearly."""


def painted(*strokes):
    """Write on the unsolved `SMALL`: (text, row, column, colour, type size); row and column may lie between cells."""
    picture = Image.fromarray(frame(SMALL, 0.0))
    pen = ImageDraw.Draw(picture)
    for text, row, column, colour, size in strokes:
        place = 256 + (column - 1) * SIZE, 256 + (row - 1) * SIZE
        if text:
            pen.text(place, text, colour, ImageFont.load_default(size), anchor="mm", stroke_width=1.5)
        else:
            pen.rectangle((place[0] - size, place[1] - size, place[0] + size, place[1] + size), fill=colour)
    return np.asarray(picture)


@pytest.mark.parametrize("colour", ["#000000", "#1f6feb", "#0b7d1e", "#c01616"])
def test_a_digit_counts_in_any_ink_and_a_little_beside_its_place(colour):
    seen = DOMAIN.read(painted(("3", 0.02, 1.98, colour, 112)))
    assert seen == SudokuState(3, grid("123/..1/.1."))


def test_a_digit_that_the_board_does_not_have_is_read_as_it_is():
    seen = DOMAIN.read(painted(("7", 0, 2, "#1f6feb", 118)))
    assert DOMAIN.difference(seen, DOMAIN.state(SMALL, solved=True)) == (
        "row 1, column 3 holds 7 instead of 3; row 2, column 1 holds nothing instead of 2; "
        "row 2, column 2 holds nothing instead of 3 and 2 more."
    )


def test_a_given_that_was_wiped_away_is_missed():
    seen = DOMAIN.read(painted(("", 0, 0, "white", 60)))
    assert DOMAIN.difference(seen, DOMAIN.state(SMALL, solved=False)) == ("row 1, column 1 holds nothing instead of 1.")


@pytest.mark.parametrize(
    ("stroke", "problem"),
    [
        (("3", 0, 2, "#8fb7f5", 118), "row 1, column 3 is too faint or too heavy"),
        (("#", 0, 2, "#1f6feb", 118), "row 1, column 3 is not like a digit"),
        (("3", 0, 2, "#1f6feb", 60), "row 1, column 3 is not like a digit"),
        (("", 0, 2, "#1f6feb", 40), "row 1, column 3 is"),
        (("", 0, 2, "#777777", 15), "row 1, column 3 is"),
        (("", -0.5, 1, "white", 90), "grid"),
    ],
    ids=["half faded", "no digit", "too small", "blot", "grey blot", "outline gone"],
)
def test_what_is_not_certain_is_unreadable(stroke, problem):
    with pytest.raises(UnreadableFrameError, match=problem):
        DOMAIN.read(painted(stroke))


def test_every_cell_that_is_still_fading_in_is_unreadable_or_not_the_solution():
    sudoku = of_side(6)
    solved = DOMAIN.state(sudoku, solved=True)
    unreadable = 0
    for progress in np.linspace(0.9, 0.99, 10):
        try:
            assert not DOMAIN.matches(DOMAIN.read(frame(sudoku, float(progress))), solved)
        except UnreadableFrameError:
            unreadable += 1
    assert unreadable


def test_a_board_of_another_size_is_named():
    assert DOMAIN.difference(DOMAIN.state(of_side(4), solved=True), DOMAIN.state(SMALL, solved=True)) == (
        "the grid has 4x4 cells instead of 3x3."
    )


# Prompts


def prompts(sudoku, style):
    return {DOMAIN.prompt(sudoku, style, np.random.default_rng(seed)) for seed in range(40)}


def test_open_prompts_do_not_depend_on_the_solution():
    sudoku = of_side(4)
    other = replace(sudoku, solution=DOMAIN.wrong(sudoku, np.random.default_rng(1)).solution)
    assert prompts(sudoku, "open") == prompts(other, "open")
    assert len(prompts(sudoku, "open")) == 5


def test_open_prompts_state_the_rule_of_the_board():
    assert all("every row and every column holds each digit from 1 to 3" in text for text in prompts(SMALL, "open"))
    assert all("outlined box of 2 by 3 cells holds each digit from 1 to 6" in p for p in prompts(of_side(6), "open"))


def test_instructed_prompts_name_every_row():
    texts = prompts(SMALL, "instructed")
    assert len(texts) == 4
    assert all("123, 231 and 312" in text for text in texts)
