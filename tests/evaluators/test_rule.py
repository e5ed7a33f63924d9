"""The rule evaluator, on a puzzle of its own: a dark bar is to be moved from the first to the last of eight columns."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from vmevalkit import media
from vmevalkit.errors import UnreadableFrameError
from vmevalkit.evaluators import Item, Question, RuleEvaluator, Rules

SIDE, COLUMNS = 128, 8
WIDTH = SIDE // COLUMNS
FRAMES = 24


def bar(place, level=20):
    """A frame with the bar so many columns from the left."""
    frame = np.full((SIDE, SIDE, 3), 230, dtype=np.uint8)
    left = round(place * WIDTH)
    frame[:, left : left + WIDTH] = level
    return frame


MOVED = [bar(7 * number / (FRAMES - 1)) for number in range(FRAMES)]


def read(frame):
    columns = frame.mean(axis=(0, 2)).reshape(COLUMNS, WIDTH).mean(axis=1)
    if np.ptp(columns) < 80:
        raise UnreadableFrameError("no bar")
    return int(columns.argmin())


@dataclass(frozen=True)
class Seen:
    givens: tuple[str, ...] = ()
    way: tuple[str, ...] = ()


@dataclass
class Watcher:
    """Remembers what it was given and says what it is told to."""

    faults: Seen = Seen()
    glimpses: list = field(default_factory=list)

    def __call__(self, glimpses):
        self.glimpses = list(glimpses)
        return self.faults


@pytest.fixture
def score(tmp_path):
    def _score(frames, faults=Seen(), watcher=None):
        path = tmp_path / "video.mp4"
        media.write_video(path, frames, fps=12)
        rules = Rules(
            read=read,
            matches=int.__eq__,
            difference=lambda seen, expected: f"the bar is in column {seen}, not {expected}.",
            initial=0,
            solved=7,
            glimpse=read,
            follow=watcher or Watcher(faults),
        )
        return RuleEvaluator().evaluate(Item(path, Question("bar", "bar_0000", "Move it.", path, path), rules))

    return _score


def faded(first, last, frames=FRAMES):
    return [(first + (last.astype(float) - first) * n / (frames - 1)).astype(np.uint8) for n in range(frames)]


def test_a_legal_way_to_the_solution_is_5(score):
    verdict = score(MOVED)
    assert (verdict.status, verdict.score) == ("scored", 5)
    assert verdict.dimensions == {"solution": 5, "givens": 5, "way": 5}


def test_a_film_that_stays_at_the_question_is_1(score):
    verdict = score([bar(0)] * FRAMES)
    assert verdict.score == 1
    assert verdict.dimensions == {"solution": 1, "givens": None, "way": None}


def test_a_film_that_ends_elsewhere_is_2_and_says_where(score):
    verdict = score(MOVED[: FRAMES // 2])
    assert verdict.score == 2
    assert "column 3, not 7" in verdict.explanation


def test_a_jump_to_the_solution_is_3_and_named_with_its_frame(score):
    verdict = score([bar(0)] * 10 + [bar(7)] * 14)
    assert (verdict.score, verdict.dimensions["way"]) == (3, 2)
    assert "jumps to it at frame 11 of 24" in verdict.explanation


def test_a_dissolve_into_the_solution_is_3(score):
    verdict = score(faded(bar(0), bar(7)))
    assert verdict.score == 3
    assert "blended in" in verdict.explanation


def test_a_jump_with_one_blended_frame_is_no_way_either(score):
    assert score([bar(0)] * 12 + faded(bar(0), bar(7), 3) + [bar(7)] * 12).score == 3


def test_a_fade_through_black_is_no_way_either(score):
    black = np.zeros((SIDE, SIDE, 3), np.uint8)
    assert score(faded(bar(0), black, 12) + faded(black, bar(7), 12)).score == 3


def test_a_film_that_shows_the_solution_from_the_beginning_is_3(score):
    assert score([bar(7)] * FRAMES).score == 3
    assert score(MOVED[::-1] + MOVED).score == 3


def test_a_way_that_the_domain_finds_illegal_is_3(score):
    verdict = score(MOVED, Seen(way=("the bar left the floor.",)))
    assert verdict.score == 3
    assert "the bar left the floor" in verdict.explanation


@pytest.mark.parametrize(("disturbed", "total", "givens"), [(1, 4, 4), (2, 4, 4), (3, 3, 2), (12, 3, 2), (20, 3, 1)])
def test_givens_that_change_count_by_how_long_they_do(score, disturbed, total, givens):
    verdict = score(MOVED, Seen(givens=("the wall moved.",) * disturbed))
    assert (verdict.score, verdict.dimensions["givens"]) == (total, givens)
    assert "the wall moved" in verdict.explanation


def test_what_cannot_be_read_in_the_middle_is_passed_on_as_none(score):
    watcher = Watcher()
    dark = [*MOVED[:10], *([bar(3, level=200)] * 4), *MOVED[10:]]
    assert score(dark, watcher=watcher).score == 5
    assert None in watcher.glimpses
    assert watcher.glimpses[0] == 0
    assert watcher.glimpses[-1] == 7


def test_a_short_motion_in_a_long_film_is_looked_at_closely(score):
    watcher = Watcher()
    score([bar(0)] * 100 + MOVED + [bar(7)] * 100, watcher=watcher)
    assert len(set(watcher.glimpses) - {None}) == COLUMNS


def test_an_unreadable_last_frame_is_an_error_and_no_zero(score):
    verdict = score([*MOVED, bar(7, level=200)])
    assert (verdict.status, verdict.score) == ("error", None)
    assert verdict.explanation == "unreadable: the last frame: no bar"


def test_a_single_frame_is_no_film(score):
    assert score([bar(7)]).explanation == "unreadable: a single frame is no film"


def test_a_question_without_rules_is_skipped(tmp_path):
    path = tmp_path / "video.mp4"
    verdict = RuleEvaluator().evaluate(Item(path, Question("own", "own_0000", "", path, path), None))
    assert (verdict.status, verdict.score) == ("skipped", None)
