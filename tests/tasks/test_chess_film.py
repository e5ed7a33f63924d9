"""How films of moves are watched: what a glimpse sees, what is a legal way to the mate, and what is none."""

import chess
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmevalkit import media
from vmevalkit.errors import UnreadableFrameError
from vmevalkit.tasks import DIFFICULTIES, get_domain, question_rng
from vmevalkit.tasks.chess_task import Puzzle, board
from vmevalkit.tasks.chess_task.drawing import draw_board, draw_slide, layout
from vmevalkit.tasks.chess_task.reading import UNCLEAR
from vmevalkit.tasks.domain import Faults

DOMAIN = get_domain("chess")
ROOK = Puzzle("6k1/5ppp/8/8/8/8/8/R5QK w - - 0 1", "a1a8")
KNIGHT = Puzzle("6rk/6pp/8/6N1/8/8/8/7K w - - 0 1", "g5f7")
CAPTURE = Puzzle("7k/6pp/8/6N1/Kb6/8/2Q5/8 w - - 0 1", "c2h7")
PROMOTION = Puzzle("6rk/4P1pp/8/8/8/8/8/K7 w - - 0 1", "e7e8q")
PUZZLES = [ROOK, KNIGHT, CAPTURE, PROMOTION]


def sampled(count):
    for index in range(count):
        yield DOMAIN.sample(question_rng("chess", DOMAIN.version, 9, index), DIFFICULTIES[index % 3])


def rng(number):
    return np.random.default_rng(number)


def rgb(image):
    return np.asarray(image.convert("RGB"))


def changed(text, **squares):
    """Put letters on squares of a board: ``changed(text, a8="R", a1=".")``."""
    letters = list(text)
    for name, letter in squares.items():
        letters[board.square_index(name)] = letter
    return "".join(letters)


def film(puzzle, *middle):
    """Glimpses of a film: the question, something between, and the solution, each of the two several times."""
    return [puzzle.board] * 8 + list(middle) + [puzzle.board_after] * 8


def flying(puzzle):
    """A glimpse of the piece between two squares."""
    return changed(puzzle.board, **{puzzle.move[:2]: ".", puzzle.move[2:4]: UNCLEAR})


def glimpses_of(puzzle, frames, path=None):
    frames = list(frames)
    if path is not None:
        media.write_video(path, frames, fps=16, crf=28)
        frames = list(media.read_frames(path))
    return [DOMAIN.glimpse(frame) for frame in frames]


# Slightly wrong films


def test_a_near_miss_moves_the_right_piece_next_to_its_target():
    for index, puzzle in enumerate(sampled(60)):
        near = DOMAIN.near_miss(puzzle, rng(index))
        distance = chess.square_distance(chess.parse_square(near.move[2:4]), chess.parse_square(puzzle.move[2:4]))
        assert (near.fen, near.move[:2], distance) == (puzzle.fen, puzzle.move[:2], 1)
        assert near.move[2:4] != near.move[:2]
        assert puzzle.board[near.target] == "." or all(
            puzzle.board[chess.square_mirror(square)] != "."
            for square in chess.SquareSet(chess.BB_KING_ATTACKS[chess.parse_square(puzzle.move[2:4])])
            if chess.square_name(square) != puzzle.move[:2]
        )


def test_a_near_miss_is_drawn_and_read_as_something_else_than_the_solution():
    for index, puzzle in enumerate([*PUZZLES, *sampled(3)]):
        near = DOMAIN.near_miss(puzzle, rng(index))
        seen = DOMAIN.read(rgb(DOMAIN.render(near, 1.0)))
        assert seen == near.board_after
        assert seen not in (puzzle.board, puzzle.board_after)


def test_a_pawn_that_misses_the_last_row_stays_a_pawn():
    nears = [DOMAIN.near_miss(PROMOTION, rng(number)) for number in range(40)]
    assert {near.move for near in nears} == {"e7d8q", "e7f8q", "e7d7", "e7f7"}


def test_a_crowded_target_still_has_a_near_miss():
    crowded = Puzzle("RRk5/QR6/8/8/8/8/8/K7 w - - 0 1", "b7a8")
    assert {DOMAIN.near_miss(crowded, rng(number)).move for number in range(20)} == {"b7b8", "b7a7"}


def test_tampering_leaves_the_move_and_changes_something_that_is_seen_in_the_end():
    for index, puzzle in enumerate(sampled(60)):
        tampered = DOMAIN.tampered(puzzle, rng(index))
        differing = [square for square in range(64) if tampered.board[square] != puzzle.board[square]]
        assert tampered.move == puzzle.move
        assert 1 <= len(differing) <= 2
        assert not {puzzle.origin, puzzle.target} & set(differing)
        assert tampered.board_after != puzzle.board_after


def test_tampering_comes_in_four_kinds():
    kinds = set()
    for number in range(60):
        before, after = ROOK.board, DOMAIN.tampered(ROOK, rng(number)).board
        differing = [square for square in range(64) if before[square] != after[square]]
        kinds.add((len(differing), 64 - after.count(".") - (64 - before.count("."))))
    assert kinds == {(1, -1), (1, 1), (1, 0), (2, 0)}


# Glimpses


def test_a_glimpse_of_a_clear_board_is_what_is_read():
    for puzzle in [*PUZZLES, *sampled(3)]:
        for progress in (0.0, 1.0):
            frame = rgb(DOMAIN.render(puzzle, progress))
            assert DOMAIN.glimpse(frame) == DOMAIN.read(frame)


def test_what_a_piece_between_two_squares_covers_is_unclear_and_the_rest_is_seen():
    empty = changed(ROOK.board, a1=".")
    frame = rgb(draw_slide(empty, "R", board.square_index("a4"), board.square_index("a5"), 0.5, 512))
    assert DOMAIN.glimpse(frame) == changed(empty, a4=UNCLEAR, a5=UNCLEAR)


def test_what_a_hand_covers_is_unclear_and_the_rest_is_seen():
    frame = rgb(draw_board(ROOK.board, 512)).copy()
    left, top = layout(512).corner(board.square_index("c3"))
    frame[top + 5 : 512, left + 5 : left + 70] = (205, 160, 130)
    hidden = dict.fromkeys(("c3", "d3", "c2", "d2", "c1", "d1"), UNCLEAR)
    with pytest.raises(UnreadableFrameError):
        DOMAIN.read(frame)
    assert DOMAIN.glimpse(frame) == changed(ROOK.board, **hidden)


def test_a_frame_of_which_less_than_half_is_clear_is_no_glimpse():
    full, empty = rgb(draw_board("q" * 33 + "." * 31, 512)), rgb(draw_board("." * 64, 512))
    assert DOMAIN.glimpse(full)
    with pytest.raises(UnreadableFrameError, match="less than half"):
        DOMAIN.glimpse((full // 2 + empty // 2).astype(np.uint8))


# Legal ways


@pytest.mark.parametrize("puzzle", PUZZLES)
def test_nothing_is_wrong_with_the_film_of_the_solution(puzzle, tmp_path):
    glimpses = glimpses_of(puzzle, DOMAIN.animate(puzzle, 32), tmp_path / "film.mp4")
    assert DOMAIN.follow(puzzle, glimpses) == Faults()


def test_nothing_is_wrong_with_films_of_sampled_solutions():
    for puzzle in sampled(3):
        assert DOMAIN.follow(puzzle, glimpses_of(puzzle, DOMAIN.animate(puzzle, 24))) == Faults()


def test_a_sliding_piece_is_clear_on_every_square_for_an_instant():
    middle = [
        glimpse
        for row in range(2, 8)
        for glimpse in (flying(ROOK), changed(ROOK.board, a1=".", **{f"a{row}": "R"}), flying(ROOK))
    ]
    assert DOMAIN.follow(ROOK, film(ROOK, *middle)) == Faults()


@pytest.mark.parametrize("corner", ["f5", "f6", "g6", "g7"])
def test_a_knight_may_fly_in_any_line(corner):
    passing = changed(KNIGHT.board, g5=".", **{corner: "N"})
    assert DOMAIN.follow(KNIGHT, film(KNIGHT, flying(KNIGHT), passing, flying(KNIGHT))) == Faults()


@pytest.mark.parametrize("content", [".", "p", UNCLEAR])
def test_a_captured_piece_may_vanish_at_any_moment(content):
    assert DOMAIN.follow(CAPTURE, film(CAPTURE, changed(CAPTURE.board, h7=content))) == Faults()
    assert DOMAIN.follow(CAPTURE, film(CAPTURE, changed(CAPTURE.board, h7=content, c2="."))) == Faults()


@pytest.mark.parametrize("squares", [{"e7": "Q"}, {"e7": ".", "e8": "P"}, {"e7": "."}, {"e7": ".", "e8": UNCLEAR}])
def test_a_pawn_may_become_the_other_piece_at_any_moment(squares):
    assert DOMAIN.follow(PROMOTION, film(PROMOTION, *[changed(PROMOTION.board, **squares)] * 3)) == Faults()


def test_the_piece_may_vanish_before_it_appears():
    nothing = changed(ROOK.board, a1=".")
    assert DOMAIN.follow(ROOK, film(ROOK, *[nothing] * 6)) == Faults()


def test_the_piece_may_appear_a_moment_before_it_vanishes():
    assert DOMAIN.follow(ROOK, film(ROOK, changed(ROOK.board, a8="R"))) == Faults()


@given(st.sampled_from(PUZZLES), st.lists(st.sets(st.integers(0, 63)), max_size=12), st.data())
def test_what_is_hidden_is_no_evidence(puzzle, hidden, data):
    middle = [
        "".join(UNCLEAR if square in squares else letter for square, letter in enumerate(puzzle.board))
        for squares in hidden
    ]
    glimpses = [puzzle.board, *middle, puzzle.board_after]
    unseen = data.draw(st.sets(st.integers(0, len(glimpses) - 1)))
    glimpses = [None if number in unseen else glimpse for number, glimpse in enumerate(glimpses)]
    assert DOMAIN.follow(puzzle, glimpses) == Faults()


# Disturbed squares


def test_each_glimpse_with_a_disturbed_square_is_a_fault():
    one, two = changed(ROOK.board, f7="."), changed(ROOK.board_after, f7="r", d4="n")
    faults = DOMAIN.follow(ROOK, film(ROOK, one, one, two))
    assert faults == Faults(
        givens=(
            "f7 holds nothing instead of a black pawn.",
            "f7 holds nothing instead of a black pawn.",
            "f7 holds a black rook instead of a black pawn, d4 holds a black knight instead of nothing.",
        )
    )


def test_squares_beside_a_piece_on_its_way_are_not_judged():
    beside = changed(flying(ROOK), b4="n")
    elsewhere = changed(flying(ROOK), d4="n")
    assert not DOMAIN.follow(ROOK, film(ROOK, beside)).givens
    assert len(DOMAIN.follow(ROOK, film(ROOK, elsewhere)).givens) == 1


@given(st.sampled_from(PUZZLES), st.integers(0, 63), st.sampled_from(board.PIECES), st.booleans())
def test_any_clear_change_elsewhere_is_noticed_before_and_after_the_move(puzzle, square, letter, solved):
    expected = puzzle.board_after if solved else puzzle.board
    glimpse = expected[:square] + letter + expected[square + 1 :]
    faults = DOMAIN.follow(puzzle, film(puzzle, glimpse))
    if square not in (puzzle.origin, puzzle.target):
        assert len(faults.givens) == (letter != expected[square])


# Illegal ways


def test_a_piece_that_stands_beside_its_way_went_astray():
    astray = changed(ROOK.board, a1=".", d5="R")
    assert DOMAIN.follow(ROOK, film(ROOK, astray)).way == ("the white rook stood on d5 before it came to its target.",)


def test_a_piece_that_rests_on_its_way_stopped():
    rest = changed(ROOK.board, a1=".", a5="R")
    faults = DOMAIN.follow(ROOK, film(ROOK, flying(ROOK), rest, rest, flying(ROOK)))
    assert faults.way == ("the white rook stood on a5 before it came to its target.",)


def test_a_slow_piece_that_suddenly_is_at_its_target_had_stopped():
    rest = changed(ROOK.board, a1=".", a5="R")
    slow, fast = [flying(ROOK)] * 3 + [rest], [flying(ROOK), rest]
    assert DOMAIN.follow(ROOK, film(ROOK, *slow)).way == ("the white rook stood on a5 before it came to its target.",)
    assert not DOMAIN.follow(ROOK, film(ROOK, *fast)).way


def test_a_pawn_that_first_becomes_another_piece_is_a_fault():
    knight = changed(PROMOTION.board, e7=".", e8="N")
    assert DOMAIN.follow(PROMOTION, film(PROMOTION, knight)).way == ("a white knight stood on e8 on the way.",)


def test_a_pawn_that_first_becomes_something_elsewhere_is_a_fault():
    beside = changed(PROMOTION.board, e7=".", d8="N")
    assert DOMAIN.follow(PROMOTION, film(PROMOTION, beside)).way


def test_another_piece_that_moves_first_is_a_fault():
    queen = changed(ROOK.board, g1=".", g4="Q")
    faults = DOMAIN.follow(ROOK, film(ROOK, queen))
    assert faults.way == ("the white queen stood on g4, and nothing on g1.",)
    assert len(faults.givens) == 1


def test_another_piece_of_the_same_kind_that_goes_to_the_target_is_a_fault():
    rooks = Puzzle("6k1/5ppp/8/8/8/8/8/RR5K w - - 0 1", "a1a8")
    other = changed(rooks.board, b1=".", a8="R")
    assert DOMAIN.follow(rooks, film(rooks, other)).way == ("a white rook stood on a8, and nothing on b1.",)


def test_a_piece_that_is_on_two_squares_for_long_is_a_fault():
    both = changed(ROOK.board, a8="R")
    assert DOMAIN.follow(ROOK, film(ROOK, *[both] * 4)).way == ("the white rook was on a1 and a8 at the same time.",)


def test_a_move_that_is_taken_back_is_a_fault():
    glimpses = [*film(ROOK), *film(ROOK)]
    assert DOMAIN.follow(ROOK, glimpses).way == ("the white rook went back to a1.",)


def test_a_detour_over_a_wrong_move_is_noticed(tmp_path):
    for index, puzzle in enumerate(sampled(3)):
        wrong = DOMAIN.wrong(puzzle, rng(index))
        frames = [*DOMAIN.animate(wrong, 16), *[rgb(DOMAIN.render(puzzle, 1.0))] * 16]
        faults = DOMAIN.follow(puzzle, glimpses_of(puzzle, frames, tmp_path / f"{index}.mp4"))
        assert faults.way, (puzzle, wrong)
