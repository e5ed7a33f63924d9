"""How films of matrices are watched: what a glimpse sees, what is a legal way to the answer, and what is none."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmevalkit import media
from vmevalkit.errors import UnreadableFrameError
from vmevalkit.tasks import DIFFICULTIES, get_domain, question_rng
from vmevalkit.tasks.domain import Faults
from vmevalkit.tasks.raven_task import drawing
from vmevalkit.tasks.raven_task.puzzle import SHAPES, Panel, Puzzle, Rule
from vmevalkit.tasks.raven_task.reading import UNCLEAR, Glimpse, panel_as_seen

RAVEN = get_domain("raven")
CONSTANT = tuple(Rule(attribute, "constant") for attribute in ("shape", "size", "colour"))


def row(*slots):
    return [Panel("square", 3, 3, tuple(int(slot) for slot in text)) for text in slots]


COUNTS = Puzzle(
    (*row("5", "19", "159"), *row("19", "159", "1379"), *row("159", "1379")),
    *row("13579"),
    (*CONSTANT, Rule("number", "progression", "+1")),
)
PLACES = Puzzle(
    (*row("1", "2", "3"), *row("14", "25", "36"), *row("124", "235")),
    *row("136"),
    (*CONSTANT, Rule("position", "progression", "right")),
)
UNION = Puzzle(
    (*row("1", "2", "12"), *row("36", "5", "356"), *row("14", "59")),
    *row("1459"),
    (*CONSTANT, Rule("position", "arithmetic", "+")),
)
MIXED = Puzzle(
    (
        *(Panel("circle", size, 1, (5,)) for size in (1, 2, 3)),
        *(Panel("star", size, 2, (5,)) for size in (2, 3, 4)),
        *(Panel("square", size, 3, (5,)) for size in (1, 2)),
    ),
    Panel("square", 3, 3, (5,)),
    (Rule("shape", "constant"), Rule("size", "progression", "+1"), Rule("colour", "constant"), CONSTANT[0]),
)
BLANK = (None,) * 9


def sampled(count):
    for index in range(count):
        yield RAVEN.sample(question_rng("raven", RAVEN.version, 9, index), DIFFICULTIES[index % 3])


def rng(number):
    return np.random.default_rng(number)


def rgb(image):
    return np.asarray(image.convert("RGB"))


def glimpse(puzzle, last, settled=True):
    """The given panels, and a panel, blank, the question mark or ``unclear`` as the last."""
    seen = panel_as_seen(last) if isinstance(last, Panel) else last
    return Glimpse((*(panel_as_seen(panel) for panel in puzzle.panels), seen), settled)


def with_panel(seen, place, panel):
    """A glimpse in which one panel is something else."""
    return replace(seen, panels=(*seen.panels[:place], panel, *seen.panels[place + 1 :]))


def film(puzzle, *middle):
    """Glimpses of a film: the question mark, something between, and the answer, each of the two several times."""
    return [glimpse(puzzle, last) for last in [None] * 6 + list(middle) + [puzzle.answer] * 6]


def glimpses_of(frames, path, crf=28):
    media.write_video(path, frames, fps=16, crf=crf)
    return [RAVEN.glimpse(frame) for frame in media.read_frames(path)]


def differing(one, other):
    """Name the attributes in which two panels differ, and by how much where that is a number."""
    return {
        "size": abs(one.size - other.size),
        "colour": abs(one.colour - other.colour),
        "shape": abs(SHAPES.index(one.shape) - SHAPES.index(other.shape)),
        "slots": len(set(one.slots) ^ set(other.slots)),
    }


# Slightly wrong films


def test_a_near_miss_is_the_answer_with_one_attribute_off_by_one_step():
    attributes = set()
    for index, puzzle in enumerate(sampled(60)):
        near = RAVEN.near_miss(puzzle, rng(index))
        changes = {name: by for name, by in differing(near.answer, puzzle.answer).items() if by}
        assert list(changes.values()) == [1]
        assert near.panels == puzzle.panels
        assert near.answer.slots
        attributes |= changes.keys()
    assert attributes == {"size", "colour", "shape", "slots"}


def test_a_near_miss_is_drawn_and_read_as_something_else_than_the_answer():
    for index, puzzle in enumerate(sampled(8)):
        near = RAVEN.near_miss(puzzle, rng(index))
        seen = RAVEN.read(rgb(RAVEN.render(near, 1.0)))
        assert seen == RAVEN.state(near, solved=True)
        assert seen != RAVEN.state(puzzle, solved=True)


def test_tampering_changes_one_attribute_of_one_given_panel():
    places = set()
    for index, puzzle in enumerate(sampled(60)):
        tampered = RAVEN.tampered(puzzle, rng(index))
        pairs = zip(tampered.panels, puzzle.panels, strict=True)
        changed = [place for place, (one, other) in enumerate(pairs) if one != other]
        assert tampered.answer == puzzle.answer
        assert len(changed) == 1
        (place,) = changed
        assert sum(differing(tampered.panels[place], puzzle.panels[place]).values()) == 1
        places.add(place)
    assert places == set(range(8))


# Glimpses


def test_a_glimpse_of_a_clear_board_is_what_is_read():
    for puzzle in sampled(6):
        for progress in (0.0, 1.0):
            frame = rgb(RAVEN.render(puzzle, progress))
            assert RAVEN.glimpse(frame) == Glimpse(RAVEN.read(frame).panels, settled=True)


@pytest.mark.parametrize("size", [256, 720])
def test_frames_of_other_sizes_are_glimpsed_the_same(size):
    for puzzle in sampled(3):
        frame = rgb(RAVEN.render(puzzle, 1.0, size))
        assert RAVEN.glimpse(frame) == Glimpse(RAVEN.state(puzzle, solved=True).panels, settled=True)


def test_figures_that_grow_have_not_settled_and_the_given_panels_are_seen(tmp_path):
    for number, puzzle in enumerate(sampled(3)):
        seen = glimpses_of(RAVEN.animate(puzzle, 24), tmp_path / f"{number}.mp4", crf=18)
        solved = RAVEN.state(puzzle, solved=True).panels
        assert all(each.panels[:8] == solved[:8] for each in seen)
        settled = [each.panels[8] for each in seen if each.settled]
        assert set(settled) == {None, BLANK, solved[8]}
        assert len(seen) - len(settled) >= 4


def test_what_a_hand_covers_is_unclear_and_the_rest_is_seen():
    puzzle = PLACES
    frame = rgb(RAVEN.render(puzzle, 1.0)).copy()
    left, top = drawing.panel_corner(7, 512)
    frame[top + 30 : top + 125, left + 30 : left + 110] = (205, 160, 130)
    with pytest.raises(UnreadableFrameError):
        RAVEN.read(frame)
    assert RAVEN.glimpse(frame) == with_panel(glimpse(puzzle, puzzle.answer), 7, UNCLEAR)


def test_a_frame_without_a_board_is_no_glimpse():
    with pytest.raises(UnreadableFrameError):
        RAVEN.glimpse(np.full((512, 512, 3), 255, np.uint8))


# Legal ways


def test_nothing_is_wrong_with_films_of_solutions(tmp_path):
    for number, puzzle in enumerate(sampled(3)):
        seen = glimpses_of(RAVEN.animate(puzzle, 32), tmp_path / f"{number}.mp4")
        assert RAVEN.follow(puzzle, seen) == Faults()


def test_the_panel_may_be_empty_or_unclear_for_long_before_the_answer_is_there():
    assert RAVEN.follow(COUNTS, film(COUNTS, *[UNCLEAR] * 4, *[BLANK] * 9, *[UNCLEAR] * 4)) == Faults()


def test_the_answer_may_be_there_at_once():
    assert RAVEN.follow(COUNTS, film(COUNTS)) == Faults()


@pytest.mark.parametrize("order", ["13579", "97531", "19375"])
def test_figures_may_come_one_after_another(order):
    steps = [tuple(sorted(int(slot) for slot in order[:count])) for count in range(1, 5)]
    middle = [replace(COUNTS.answer, slots=slots) for slots in steps for _ in range(3)]
    assert RAVEN.follow(COUNTS, film(COUNTS, *middle)) == Faults()


def test_the_figures_of_two_panels_may_come_one_panel_after_the_other():
    middle = [replace(UNION.answer, slots=(1, 4))] * 8
    assert RAVEN.follow(UNION, film(UNION, *middle)) == Faults()


def test_one_of_two_figures_may_come_first():
    puzzle = replace(PLACES, answer=replace(PLACES.answer, slots=(1, 6)))
    assert RAVEN.follow(puzzle, film(puzzle, *[replace(puzzle.answer, slots=(1,))] * 8)) == Faults()


def test_figures_may_grow_through_all_sizes():
    middle = [UNCLEAR, replace(MIXED.answer, size=1), UNCLEAR, replace(MIXED.answer, size=2), UNCLEAR]
    assert RAVEN.follow(MIXED, film(MIXED, *middle)) == Faults()


def test_figures_may_glide_to_their_places():
    middle = [
        glimpse for slots in ((8,), (5, 8)) for glimpse in (UNCLEAR, replace(COUNTS.answer, slots=slots), UNCLEAR)
    ]
    assert RAVEN.follow(COUNTS, film(COUNTS, *middle)) == Faults()


def test_figures_may_be_outlined_and_then_filled_in():
    white = replace(PLACES.answer, colour=1)
    assert RAVEN.follow(PLACES, film(PLACES, *[white] * 8)) == Faults()


@given(
    st.sampled_from([COUNTS, PLACES, MIXED]),
    st.lists(st.tuples(st.sets(st.integers(0, 8)), st.booleans()), max_size=12),
    st.sets(st.integers(0, 13)),
)
def test_what_is_unclear_is_no_evidence(puzzle, hidden, unseen):
    question = glimpse(puzzle, None)
    middle = [
        Glimpse(tuple(UNCLEAR if place in places else panel for place, panel in enumerate(question.panels)), settled)
        for places, settled in hidden
    ]
    glimpses = [question, *middle, glimpse(puzzle, puzzle.answer)]
    glimpses = [None if number in unseen else seen for number, seen in enumerate(glimpses)]
    assert RAVEN.follow(puzzle, glimpses) == Faults()


# Disturbed panels


def test_each_glimpse_with_a_changed_panel_is_a_fault():
    glimpses = film(COUNTS)
    other = panel_as_seen(Panel("star", 3, 3, (5,)))
    glimpses[3] = with_panel(glimpses[3], 0, other)
    glimpses[4] = with_panel(glimpses[4], 7, None)
    assert RAVEN.follow(COUNTS, glimpses) == Faults(
        givens=(
            "row 1, column 1 holds one medium-sized light blue star instead of one medium-sized light blue square.",
            "row 3, column 2 holds the question mark instead of four medium-sized light blue squares.",
        )
    )


@given(st.integers(0, 7), st.integers(0, 11), st.integers(0, 2**16))
def test_any_slight_change_of_a_given_panel_is_noticed(place, moment, seed):
    changed = RAVEN.near_miss(replace(COUNTS, answer=COUNTS.panels[place]), rng(seed)).answer
    glimpses = film(COUNTS)
    glimpses[moment] = with_panel(glimpses[moment], place, panel_as_seen(changed))
    faults = RAVEN.follow(COUNTS, glimpses)
    assert (len(faults.givens), faults.way) == (1, ())


# Other answers


@pytest.mark.parametrize("change", [{"size": 4}, {"colour": 4}, {"slots": (4,)}, {"slots": (4, 5)}])
def test_figures_that_are_too_large_too_dark_or_in_the_wrong_place_are_another_answer(change):
    other = replace(MIXED.answer, **change)
    assert RAVEN.follow(MIXED, film(MIXED, *[other] * 6)).way
    assert RAVEN.follow(MIXED, film(MIXED, UNCLEAR, UNCLEAR, other)).way


@pytest.mark.parametrize("change", [{"size": 2}, {"colour": 2}, {"colour": 1}, {"shape": "star"}, {"shape": "hexagon"}])
def test_other_shapes_and_what_the_given_panels_suggest_are_another_answer_at_rest(change):
    other = replace(MIXED.answer, **change)
    assert RAVEN.follow(MIXED, film(MIXED, *[other] * 6)).way
    assert RAVEN.follow(MIXED, film(MIXED, *[UNCLEAR] * 2, other, other)).way
    assert not RAVEN.follow(MIXED, film(MIXED, *[UNCLEAR] * 2, other, UNCLEAR)).way
    assert not RAVEN.follow(MIXED, film(MIXED, *[UNCLEAR] * 2, BLANK, other, other, other)).way


@pytest.mark.parametrize("change", [{"size": 2}, {"colour": 2}])
def test_smaller_or_lighter_figures_that_no_panel_suggests_are_merely_unfinished(change):
    unheard_of = replace(COUNTS.answer, **change)
    assert not RAVEN.follow(COUNTS, film(COUNTS, *[unheard_of] * 6)).way


def test_fewer_figures_in_a_pattern_that_a_given_panel_shows_are_another_answer():
    one = replace(PLACES.answer, slots=(3,))
    assert RAVEN.follow(PLACES, film(PLACES, *[one] * 6)).way
    four = replace(COUNTS.answer, slots=(1, 3, 7, 9))
    assert RAVEN.follow(COUNTS, film(COUNTS, *[four] * 6)).way == (
        "at first, row 3, column 3 holds four medium-sized light blue squares "
        "instead of five medium-sized light blue squares.",
    )


@pytest.mark.parametrize("instead", [BLANK, None, replace(COUNTS.answer, size=1)])
def test_an_answer_that_goes_away_again_is_a_fault(instead):
    assert RAVEN.follow(COUNTS, film(COUNTS, COUNTS.answer, COUNTS.answer, instead)).way
    assert not RAVEN.follow(COUNTS, film(COUNTS, COUNTS.answer, instead)).way


def test_an_answer_that_is_hidden_for_a_while_is_no_fault():
    assert RAVEN.follow(COUNTS, film(COUNTS, *[COUNTS.answer] * 3, UNCLEAR, UNCLEAR)) == Faults()


def test_figures_that_have_not_settled_are_no_answer():
    moving = [glimpse(MIXED, replace(MIXED.answer, size=4), settled=False)] * 8
    question, solved = glimpse(MIXED, None), glimpse(MIXED, MIXED.answer)
    assert RAVEN.follow(MIXED, [question, *moving, solved]) == Faults()


def test_a_detour_over_a_wrong_answer_is_noticed(tmp_path):
    for number, puzzle in enumerate(sampled(3)):
        wrong = RAVEN.wrong(puzzle, rng(number))
        frames = [*RAVEN.animate(wrong, 16), *[rgb(RAVEN.render(puzzle, 1.0))] * 16]
        assert RAVEN.follow(puzzle, glimpses_of(frames, tmp_path / f"{number}.mp4")).way, (puzzle.answer, wrong.answer)
