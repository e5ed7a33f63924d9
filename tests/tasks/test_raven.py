"""What is special about the matrices: their rules, the proof of the ninth panel, and how panels are seen."""

import io
from dataclasses import replace
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from vmevalkit.errors import PuzzleError, UnreadableFrameError
from vmevalkit.tasks import DIFFICULTIES, get_domain, question_rng
from vmevalkit.tasks.raven_task import drawing
from vmevalkit.tasks.raven_task.puzzle import (
    COLOURS,
    FAMILY,
    SHAPES,
    SIZES,
    SLOTS,
    Panel,
    Puzzle,
    Rule,
    by_columns,
    complete,
)
from vmevalkit.tasks.raven_task.reading import Figure, panel_as_seen
from vmevalkit.tasks.raven_task.wording import rule_sentence

RAVEN = get_domain("raven")
RULES = tuple(Rule(attribute, "constant") for attribute in ("shape", "size", "colour", "position"))
DICE = {1: (5,), 2: (1, 9), 3: (1, 5, 9), 4: (1, 3, 7, 9), 5: (1, 3, 5, 7, 9)}


def sampled(count, difficulty=None):
    for index in range(count):
        chosen = difficulty or DIFFICULTIES[index % 3]
        yield RAVEN.sample(question_rng("raven", RAVEN.version, 5, index), chosen)


def numbers(*counts):
    """Panels of medium circles that differ in number alone."""
    return [Panel("circle", 3, 3, DICE[count]) for count in counts]


def places(*slots):
    """Panels of medium circles that differ in position alone."""
    return [Panel("circle", 3, 3, tuple(int(slot) for slot in text)) for text in slots]


def rgb(image):
    return np.array(image.convert("RGB"))


# An independent solver: tries every value for the ninth panel and asks whether one rule holds in three full rows.

STEPS = {"shape": (1, -1), "size": (1, -1), "colour": (1, -1, 2, -2), "number": (1, -1, 2, -2)}


def sides(shape):
    return {"triangle": 3, "square": 4, "pentagon": 5, "hexagon": 6}.get(shape)


def moved(slots, down, right):
    return frozenset(((slot - 1) // 3 + down) % 3 * 3 + (slot - 1 + right) % 3 + 1 for slot in slots)


def rule_holds(attribute, rows):
    if all(a == b == c for a, b, c in rows):
        return True
    if len(set(rows[0])) == 3 and all(set(row) == set(rows[0]) for row in rows):
        return True
    if attribute == "position":
        shifts = ((0, 1), (0, -1), (1, 0), (-1, 0))
        return (
            any(all(moved(a, *way) == b and moved(b, *way) == c for a, b, c in rows) for way in shifts)
            or all(a | b == c for a, b, c in rows)
            or all(a - b == c for a, b, c in rows)
        )
    if attribute == "shape":
        rows = [[sides(shape) for shape in row] for row in rows]
        if any(None in row for row in rows):
            return False
    elif attribute in ("size", "number") and (
        all(a + b == c for a, b, c in rows) or all(a - b == c for a, b, c in rows)
    ):
        return True
    return any(all(b - a == c - b == step for a, b, c in rows) for step in STEPS[attribute])


def in_rows(values):
    return [tuple(values[start : start + 3]) for start in (0, 3, 6)]


def brute_force(panels):
    allowed = {}
    for attribute, options in (("shape", SHAPES), ("size", SIZES), ("colour", COLOURS)):
        seen = [getattr(panel, attribute) for panel in panels]
        allowed[attribute] = [value for value in options if rule_holds(attribute, in_rows([*seen, value]))]
    subsets = [frozenset(slots) for count in SLOTS for slots in combinations(SLOTS, count)]
    sets = [frozenset(panel.slots) for panel in panels]
    positions = [each for each in subsets if rule_holds("position", in_rows([*sets, each]))]
    counts = [count for count in SLOTS if rule_holds("number", in_rows([*map(len, sets), count]))]
    unexplained = set(counts) - {len(each) for each in positions}
    for count in unexplained:
        shown = {each for each in sets if len(each) == count}
        positions += shown or [each for each in subsets if len(each) == count]
    found = product(allowed["shape"], allowed["size"], allowed["colour"], {tuple(sorted(each)) for each in positions})
    return {Panel(*parts) for parts in found}


def test_an_independent_search_finds_the_same_only_answer():
    for puzzle in sampled(60):
        assert brute_force(puzzle.panels) == {puzzle.answer}


def assert_same_verdict(panels):
    """The solver may name two of many answers, but none that is wrong."""
    found, true = complete(panels), brute_force(panels)
    assert set(found) <= true
    assert len(found) == min(len(true), 2)


@given(st.lists(st.sampled_from(list(DICE)), min_size=8, max_size=8))
def test_the_solver_agrees_with_the_search_on_arbitrary_numbers(counts):
    assert_same_verdict(numbers(*counts))


@given(st.lists(st.sampled_from(["1", "2", "3", "12", "23", "13", "123"]), min_size=8, max_size=8))
def test_the_solver_agrees_with_the_search_on_arbitrary_positions(slots):
    assert_same_verdict(places(*slots))


def test_a_number_that_follows_a_progression_is_found():
    assert complete(numbers(5, 4, 3, 3, 2, 1, 4, 3)) == numbers(2)


def test_positions_of_two_panels_unite_in_the_third():
    assert complete(places("12", "29", "129", "5", "6", "56", "38", "34")) == places("348")


def test_positions_of_the_second_panel_are_taken_from_the_first():
    assert complete(places("123", "2", "13", "456", "69", "45", "789", "8")) == places("79")


def test_figures_that_leave_a_panel_come_back_on_the_other_side():
    assert complete(places("15", "26", "34", "7", "8", "9", "3", "1")) == places("2")


def test_rules_that_disagree_make_a_question_ambiguous():
    assert len(complete(numbers(1, 2, 3, 1, 2, 3, 2, 3))) == 2


def test_a_number_that_is_shown_nowhere_could_stand_anywhere():
    assert len(complete(numbers(1, 2, 3, 2, 3, 4, 3, 4))) == 2


def test_panels_without_a_rule_have_no_solution():
    assert complete(numbers(1, 2, 5, 1, 4, 2, 3, 3)) == []


def test_reading_down_the_columns_never_leads_to_another_answer():
    for puzzle in sampled(60):
        assert complete(by_columns(puzzle.panels)) in ([], [puzzle.answer])


def test_the_rules_in_the_metadata_are_the_ones_that_the_rows_follow():
    values = {
        "number": lambda panel: len(panel.slots),
        "position": lambda panel: frozenset(panel.slots),
        "shape": lambda panel: panel.shape,
        "size": lambda panel: panel.size,
        "colour": lambda panel: panel.colour,
    }
    for puzzle in sampled(30):
        for rule in puzzle.rules:
            rows = in_rows([values[rule.attribute](panel) for panel in (*puzzle.panels, puzzle.answer)])
            assert rule_holds(rule.attribute, rows)
            assert (rule.kind == "constant") == all(len(set(row)) == 1 for row in rows)


@pytest.mark.parametrize(("difficulty", "varying"), [("easy", {1}), ("medium", {2}), ("hard", {3, 4})])
def test_difficulty_is_the_number_of_attributes_that_vary(difficulty, varying):
    for puzzle in sampled(10, difficulty):
        metadata = RAVEN.to_metadata(puzzle)
        assert metadata["varying_attributes"] in varying
        assert (metadata["arithmetic_rules"] > 0) >= (difficulty == "hard")


def test_every_kind_of_rule_occurs():
    used = {(rule.attribute, rule.kind) for puzzle in sampled(150) for rule in puzzle.rules}
    assert used == {(rule.attribute, rule.kind) for family in FAMILY.values() for rule in family}


def test_every_rule_has_a_sentence_of_its_own():
    rules = [rule for family in FAMILY.values() for rule in family]
    assert len({rule_sentence(rule) for rule in rules}) == len(rules)


def test_wrong_answers_differ_in_one_attribute_that_varies():
    for index, puzzle in enumerate(sampled(30)):
        wrong = RAVEN.wrong(puzzle, question_rng("raven", 1, 5, index, "wrong"))
        changed = [
            name
            for name in ("shape", "size", "colour", "slots")
            if getattr(wrong.answer, name) != getattr(puzzle.answer, name)
        ]
        assert len(changed) == 1
        assert replace(wrong, answer=puzzle.answer) == puzzle


@given(st.integers(0, 7), st.sampled_from(SHAPES), st.sampled_from(SIZES), st.sampled_from(COLOURS))
def test_the_key_depends_on_each_of_the_eight_panels_and_on_nothing_else(place, shape, size, colour):
    panels = list(numbers(1, 2, 3, 1, 2, 3, 1, 2))
    puzzle = Puzzle(tuple(panels), panels[2], RULES)
    panels[place] = replace(panels[place], shape=shape, size=size, colour=colour)
    other = Puzzle(tuple(panels), panels[1], RULES[::-1])
    assert (RAVEN.key(other) == RAVEN.key(puzzle)) == (other.panels == puzzle.panels)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
SOUND = RAVEN.to_metadata(next(sampled(1)))
PATHS = [
    (field, index, key)
    for field, count, keys in (
        ("panels", 8, ("shape", "size", "colour", "slots")),
        ("rules", 4, ("attribute", "kind", "change")),
    )
    for index in range(count)
    for key in keys
]


@given(st.sampled_from(PATHS), JSON)
def test_malformed_metadata_is_refused_and_its_field_named(path, value):
    field, index, key = path
    entries = list(SOUND[field])
    entries[index] = {**entries[index], key: value}
    problem = None
    try:
        RAVEN.from_metadata({**SOUND, field: entries})
    except PuzzleError as error:
        problem = str(error)
    if problem is None:
        assert key in ("size", "colour", "slots", "change")
    else:
        assert problem.startswith(f"raven: {field}")


@given(st.sampled_from(["panels", "rules", "answer"]), JSON)
def test_metadata_with_a_wrong_field_is_refused(field, value):
    with pytest.raises(PuzzleError, match=field):
        RAVEN.from_metadata({**SOUND, field: value})


ALL_FIGURES = [Figure(*parts) for parts in product(SHAPES, SIZES, COLOURS)]


@pytest.mark.parametrize("size", [256, 480, 512])
def test_every_figure_is_read_at_every_place(size):
    for start in range(0, len(ALL_FIGURES), 9):
        figures = ALL_FIGURES[start : start + 9]
        figures += ALL_FIGURES[: 9 - len(figures)]
        panels = [Panel(each.shape, each.size, each.colour, tuple(SLOTS)) for each in figures]
        seen = RAVEN.read(rgb(drawing.draw_board(panels, size).image()))
        assert seen.panels == tuple(panel_as_seen(panel) for panel in panels)


def test_a_board_that_is_displaced_by_a_few_pixels_is_read():
    for puzzle in sampled(3):
        frame = np.roll(rgb(RAVEN.render(puzzle, 1.0)), (3, -2), axis=(0, 1))
        assert RAVEN.read(frame) == RAVEN.state(puzzle, solved=True)


def test_a_blurred_board_is_read():
    for puzzle in sampled(3):
        image = RAVEN.render(puzzle, 1.0).convert("RGB").resize((300, 300), Image.Resampling.BILINEAR)
        assert RAVEN.read(np.asarray(image)) == RAVEN.state(puzzle, solved=True)


def test_a_panel_may_be_empty_without_showing_the_question_mark():
    puzzle = next(sampled(1))
    seen = RAVEN.read(rgb(drawing.draw_board(puzzle.panels, 512).image()))
    assert seen.panels[8] == (None,) * 9
    assert "holds nothing instead of" in RAVEN.difference(seen, RAVEN.state(puzzle, solved=True))


def test_unlike_figures_in_one_panel_are_seen_for_what_they_are():
    one, other = Panel("star", 4, 2, (1,)), Panel("circle", 2, 5, (9,))
    canvas = drawing.draw_board([one] * 9, 512)
    left, top = (int(part) for part in drawing.slot_corner(8, 9, 512))
    sprite = drawing.figure("circle", 2, 5, 512)
    canvas.pixels[top : top + len(sprite), left : left + len(sprite)] = sprite
    seen = RAVEN.read(rgb(canvas.image()))
    assert seen.panels[8] == (Figure("star", 4, 2), *(None,) * 7, Figure("circle", 2, 5))
    assert seen.panels[7] == panel_as_seen(one)
    assert seen.panels[8][8] == panel_as_seen(other)[8]


def test_a_covered_panel_is_unreadable_and_named():
    frame = rgb(RAVEN.render(next(sampled(1)), 1.0))
    left, top = drawing.panel_corner(5, 512)
    frame[top + 20 : top + 100, left + 30 : left + 90] = (120, 130, 140)
    with pytest.raises(UnreadableFrameError, match="row 2, column 3"):
        RAVEN.read(frame)


def test_a_board_without_its_frames_is_unreadable():
    frame = rgb(RAVEN.render(next(sampled(1)), 1.0))
    frame[(frame == drawing.PALETTE.table[drawing.PALETTE.number("border")]).all(axis=2)] = 255
    with pytest.raises(UnreadableFrameError, match="frames"):
        RAVEN.read(frame)


def test_heavy_compression_never_turns_a_board_into_another():
    for puzzle in sampled(6):
        for quality in (5, 15, 30):
            data = io.BytesIO()
            RAVEN.render(puzzle, 1.0).convert("RGB").save(data, "JPEG", quality=quality)
            try:
                seen = RAVEN.read(rgb(Image.open(data)))
            except UnreadableFrameError:
                continue
            assert seen == RAVEN.state(puzzle, solved=True)


def test_only_the_last_panel_changes_in_the_film():
    puzzle = next(sampled(1, "hard"))
    left, top = drawing.panel_corner(8, 512)
    side = drawing.panel_side(512)
    films = [np.array(frame) for frame in RAVEN.animate(puzzle, 16)]
    for frame in films:
        frame[top + 4 : top + side - 4, left + 4 : left + side - 4] = 0
        assert (frame == films[0]).all()


def test_open_prompts_know_nothing_of_the_puzzle():
    one, other = sampled(2)
    for index in range(20):
        texts = {RAVEN.prompt(puzzle, "open", question_rng("raven", 1, 1, index)) for puzzle in (one, other)}
        assert len(texts) == 1


def test_instructed_prompts_name_the_figures_and_their_places():
    answer = Panel("star", 4, 5, (1, 5, 9))
    puzzle = Puzzle(tuple([answer] * 8), answer, RULES)
    for index in range(20):
        text = RAVEN.prompt(puzzle, "instructed", question_rng("raven", 1, 1, index))
        assert "three large dark blue stars at the top left, the centre and the bottom right" in text


def test_a_difference_in_position_alone_names_the_places():
    puzzle = Puzzle(tuple(places("1", "1", "1", "2", "2", "2", "3", "3")), *places("3"), RULES)
    moved_answer = RAVEN.state(replace(puzzle, answer=places("6")[0]), solved=True)
    assert RAVEN.difference(moved_answer, RAVEN.state(puzzle, solved=True)) == (
        "Row 3, column 3 holds one medium-sized light blue circle at the middle right "
        "instead of one medium-sized light blue circle at the top right."
    )


def test_many_differences_are_counted_after_three():
    one, other = (Puzzle(tuple(numbers(*[count] * 8)), numbers(count)[0], RULES) for count in (1, 2))
    text = RAVEN.difference(RAVEN.state(one, solved=True), RAVEN.state(other, solved=True))
    assert text.startswith("Row 1, column 1 holds one")
    assert text.endswith("and 6 more.")
