"""What is special about the chess domain."""

import json
import re
from collections import Counter
from functools import cache
from pathlib import Path

import chess
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from vmevalkit.errors import PuzzleError, UnreadableFrameError
from vmevalkit.tasks import DIFFICULTIES, PROMPT_STYLES, get_domain, question_rng
from vmevalkit.tasks import chess_task as package
from vmevalkit.tasks.chess_task import Puzzle, bitboards, board, rules, sampling
from vmevalkit.tasks.chess_task.drawing import CONTENTS, draw_board, layout
from vmevalkit.tasks.chess_task.mating import checking_moves, mates
from vmevalkit.tasks.chess_task.men import Men
from vmevalkit.tasks.chess_task.puzzle import canonical
from vmevalkit.tasks.chess_task.sampling import BANDS

DOMAIN = get_domain("chess")
EXAMPLE = Puzzle("6k1/5ppp/8/8/8/8/8/R6K w - - 0 1", "a1a8")
CAPTURE = Puzzle("7k/6pp/8/6N1/Kb6/8/2Q5/8 w - - 0 1", "c2h7")
PROMOTION = Puzzle("6rk/4P1pp/8/8/8/8/8/K7 w - - 0 1", "e7e8q")
OTHER_FENS = [
    "4k3/8/4N3/8/8/8/4R3/K7 w - - 0 1",  # the knight uncovers the rook's check wherever it goes
    "7k/5Kp1/8/8/8/8/1B6/6R1 w - - 0 1",
    "8/4P1k1/8/8/8/8/8/K7 w - - 0 1",  # four promotions, some of them checks
    "4k3/4P3/4K3/8/8/8/8/8 w - - 0 1",
    "k7/8/1K6/8/8/8/8/7R w - - 0 1",
    "8/8/8/3k4/4P3/8/8/K2Q3B b - - 0 1",  # the side to move is in check
]

boards = st.text(alphabet=CONTENTS + "." * 12, min_size=64, max_size=64)


def sample(index, difficulty):
    return DOMAIN.sample(question_rng("chess", DOMAIN.version, 7, index), difficulty)


@pytest.fixture(scope="module")
def puzzles():
    return {d: [sample(index, d) for index in range(100)] for d in DIFFICULTIES}


@pytest.fixture(scope="module")
def everything(puzzles):
    return [puzzle for group in puzzles.values() for puzzle in group]


@cache
def tried_out(fen):
    """Try every legal move on a board of its own: all moves, those that check, and those that mate."""
    start = chess.Board(fen)
    moves, checks, mating = [], [], []
    for move in start.legal_moves:
        after = chess.Board(fen)
        after.push(move)
        moves.append(move.uci())
        if after.is_check():
            checks.append(move.uci())
        if after.is_checkmate():
            mating.append(move.uci())
    return moves, checks, mating


def frame(text, size=512):
    return np.asarray(draw_board(text, size).convert("RGB"))


# The questions


def test_exactly_one_of_all_legal_moves_mates(everything):
    for puzzle in everything:
        assert tried_out(puzzle.fen)[2] == [puzzle.move], puzzle.fen


@pytest.mark.parametrize("fen", [EXAMPLE.fen, CAPTURE.fen, PROMOTION.fen, *OTHER_FENS])
def test_the_analysis_agrees_with_trying_every_move(fen):
    moves, checks, mating = tried_out(fen)
    analysis = rules.analyse(fen)
    assert analysis.legal_moves == len(moves)
    assert sorted(analysis.checks) == sorted(checks)
    assert set(analysis.mates) <= set(mating)
    assert len(analysis.mates) == min(len(mating), 2)


def test_the_analysis_of_sampled_positions_agrees_with_trying_every_move(everything):
    for puzzle in everything:
        moves, checks, _ = tried_out(puzzle.fen)
        analysis = rules.analyse(puzzle.fen)
        assert (analysis.legal_moves, sorted(analysis.checks)) == (len(moves), sorted(checks))


def test_positions_are_legal_and_nobody_is_in_check_or_can_castle(everything):
    for puzzle in everything:
        position = chess.Board(puzzle.fen)
        assert position.status() == chess.STATUS_VALID
        assert not position.is_check()
        assert puzzle.fen.endswith(" - - 0 1")


def test_no_side_has_more_pieces_than_it_started_with(everything):
    most = {"k": 1, "q": 1, "r": 2, "b": 2, "n": 2, "p": 8}
    for puzzle in everything:
        count = Counter(puzzle.board)
        assert all(count[letter] <= most[letter.lower()] for letter in board.PIECES)


def test_both_sides_and_all_kinds_but_the_king_mate(everything):
    assert {puzzle.side for puzzle in everything} == {"w", "b"}
    assert {puzzle.mover.lower() for puzzle in everything} >= set("qrbnp")
    assert any(puzzle.promotion for puzzle in everything)
    assert any(puzzle.captured != board.EMPTY for puzzle in everything)


def test_hardly_two_of_hundreds_of_questions_are_the_same(everything):
    assert len({DOMAIN.key(puzzle) for puzzle in everything}) >= len(everything) - 1


def test_positions_are_no_shifted_templates(everything):
    kings = {puzzle.board.index("k") for puzzle in everything}
    assert len(kings) > 40
    assert len({"".join(sorted(puzzle.board)) for puzzle in everything}) > 200


@pytest.mark.parametrize("difficulty", DIFFICULTIES)
def test_difficulty_is_what_the_numbers_say(puzzles, difficulty):
    band = BANDS[difficulty]
    for puzzle in puzzles[difficulty]:
        metadata = DOMAIN.to_metadata(puzzle)
        for field in ("pieces", "legal_moves", "checks"):
            low, high = getattr(band, field)
            assert low <= metadata[field] <= high


def test_harder_questions_have_more_of_everything(puzzles):
    def mean(difficulty, field):
        return np.mean([DOMAIN.to_metadata(puzzle)[field] for puzzle in puzzles[difficulty]])

    for field in ("pieces", "legal_moves", "checks"):
        easy, medium, hard = (mean(difficulty, field) for difficulty in DIFFICULTIES)
        assert easy < medium < hard


def test_wrong_answers_are_legal_moves_that_do_not_mate(everything):
    for index, puzzle in enumerate(everything):
        wrong = DOMAIN.wrong(puzzle, question_rng("chess", 1, 7, index, "wrong"))
        moves, _, mating = tried_out(puzzle.fen)
        assert wrong.move in moves
        assert wrong.move not in mating


def test_wrong_answers_are_often_checks_and_often_moves_of_the_right_piece(everything):
    checks = same_piece = 0
    for index, puzzle in enumerate(everything):
        wrong = DOMAIN.wrong(puzzle, question_rng("chess", 1, 7, index, "wrong"))
        checks += wrong.move in rules.analyse(puzzle.fen).checks
        same_piece += wrong.origin == puzzle.origin
    assert min(checks, same_piece) > len(everything) / 4


def test_a_position_in_which_every_move_mates_has_no_wrong_answer(monkeypatch):
    monkeypatch.setattr(rules, "legal_moves", lambda fen: (EXAMPLE.move,))
    with pytest.raises(PuzzleError, match="every legal move mates"):
        DOMAIN.wrong(EXAMPLE, np.random.default_rng(0))


# The key


@given(boards, st.sampled_from("wb"))
def test_the_key_ignores_left_and_right_and_which_side_is_called_white(text, side):
    other = "b" if side == "w" else "w"
    key = canonical(text, side)
    assert canonical(board.mirrored(text), side) == key
    assert canonical(board.colours_swapped(text), other) == key


@given(boards, st.integers(0, 63), st.sampled_from(CONTENTS))
def test_the_key_notices_a_change_on_any_square(text, square, letter):
    changed = text[:square] + letter + text[square + 1 :]
    same = changed in (text, board.mirrored(text))
    assert (canonical(changed, "w") == canonical(text, "w")) == same


# Boards and attacks


@given(boards)
def test_a_board_survives_its_fen(text):
    assert board.expand(board.placement(text)) == text
    assert chess.BaseBoard(board.placement(text)).board_fen() == board.placement(text)


def test_squares_are_named_as_in_chess():
    assert [board.square_name(square) for square in (0, 7, 56, 63)] == ["a8", "h8", "a1", "h1"]
    assert [board.square_index(board.square_name(square)) for square in range(64)] == list(range(64))


@given(boards)
@settings(max_examples=50)
def test_attacks_are_those_of_the_rules(text):
    theirs = chess.BaseBoard(board.placement(text))
    occupied = sum(1 << square for square in range(64) if text[square] != board.EMPTY)
    for square, letter in enumerate(text):
        if letter != board.EMPTY:
            theirs_from_here = theirs.attacks(chess.parse_square(board.square_name(square)))
            expected = {board.square_index(chess.square_name(target)) for target in theirs_from_here}
            assert set(bitboards.squares(bitboards.attacks(letter, square, occupied))) == expected


def test_the_quick_look_of_the_search_finds_the_mate(everything):
    found = 0
    for puzzle in everything:
        men = Men()
        for square, letter in enumerate(puzzle.board if puzzle.side == "w" else board.colours_swapped(puzzle.board)):
            if letter != board.EMPTY:
                men.put(letter, square)
        king = men.square_of("k")
        found += [mates(men, king, *move) for move in checking_moves(men, king)].count(True) == 1
    assert found == len(everything)


# Metadata


def test_metadata_of_the_standard_example():
    assert DOMAIN.to_metadata(EXAMPLE) == {
        "fen_initial": "6k1/5ppp/8/8/8/8/8/R6K w - - 0 1",
        "fen_final": "R5k1/5ppp/8/8/8/8/8/7K b - - 1 1",
        "solution": "Ra8#",
        "solution_uci": "a1a8",
        "side_to_move": "white",
        "mating_piece": "rook",
        "captured_piece": None,
        "promoted_to": None,
        "legal_moves": 16,
        "checks": 1,
        "pieces": 6,
    }
    DOMAIN.check(EXAMPLE)


def test_metadata_names_what_is_captured_and_what_a_pawn_becomes():
    assert DOMAIN.to_metadata(CAPTURE)["captured_piece"] == "pawn"
    assert DOMAIN.to_metadata(PROMOTION)["promoted_to"] == "queen"


def test_the_final_fen_is_the_final_board(everything):
    for puzzle in everything:
        final = DOMAIN.to_metadata(puzzle)["fen_final"]
        assert board.expand(final.split()[0]) == puzzle.board_after


def test_a_solution_in_san_is_enough():
    metadata = {"fen_initial": EXAMPLE.fen, "solution": "Ra8#"}
    assert DOMAIN.from_metadata(metadata) == EXAMPLE


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"fen_initial": None}, "fen_initial"),
        ({"fen_initial": ""}, "fen_initial"),
        ({"fen_initial": "6k1/5ppp/8/8/8/8/8/R6K"}, "fen_initial"),
        ({"fen_initial": "6k1/5ppp/8/8/8/8/8/R6K w KQkq - 0 1"}, "fen_initial"),
        ({"fen_initial": "6k1/5ppp/8/8/8/8/8/R6K w - e3 0 1"}, "fen_initial"),
        ({"fen_initial": "6k1/5ppp/8/8/8/8/8/R6KK w - - 0 1"}, "fen_initial"),
        ({"fen_initial": "8/5ppp/8/8/8/8/8/R6K w - - 0 1"}, "fen_initial"),
        ({"fen_initial": "R5k1/5ppp/8/8/8/8/8/7K w - - 0 1"}, "fen_initial"),  # Black is in check, White to move
        ({"fen_initial": "6k1/5ppp/8/8/8/8/8/R6K w - - 0 99999999"}, "fen_initial"),
        ({"solution_uci": 5}, "solution_uci"),
        ({"solution_uci": "a1b8"}, "solution_uci"),
        ({"solution_uci": "0000"}, "solution_uci"),
        ({"solution_uci": None}, "solution_uci"),
    ],
)
def test_malformed_metadata_is_refused_with_the_name_of_the_field(change, field):
    with pytest.raises(PuzzleError, match=field):
        DOMAIN.from_metadata({**DOMAIN.to_metadata(EXAMPLE), **change})


@pytest.mark.parametrize("solution", ["", "Rb8", "--", "O-O", "\N{WHITE CHESS ROOK}a8", 8, None, []])
def test_a_malformed_solution_in_san_is_refused(solution):
    with pytest.raises(PuzzleError, match="solution"):
        DOMAIN.from_metadata({"fen_initial": EXAMPLE.fen, "solution": solution})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)
fens = st.builds(
    lambda text, rest: f"{board.placement(text)} {rest}",
    boards,
    st.sampled_from(["w - - 0 1", "b - - 0 1", "w KQkq - 0 1", "", "w - - 0 0"]),
)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "fen_initial": json_values | fens | st.just(EXAMPLE.fen) | st.text("12345678/kKqQpP wb-", max_size=40),
            "solution_uci": json_values | st.just("a1a8"),
            "solution": json_values | st.just("Ra8#"),
        },
    )
)
@settings(max_examples=200)
def test_any_metadata_gives_a_puzzle_or_a_puzzle_error(metadata):
    try:
        puzzle = DOMAIN.from_metadata(metadata)
    except PuzzleError:
        return
    assert DOMAIN.from_metadata(json.loads(json.dumps(DOMAIN.to_metadata(puzzle)))) == puzzle


# The words


def test_open_prompts_name_the_side_but_no_square(everything):
    for index, puzzle in enumerate(everything):
        prompt = DOMAIN.prompt(puzzle, "open", question_rng("chess", 1, 7, index, "prompt"))
        side = "white" if puzzle.side == "w" else "black"
        assert side in prompt.lower()
        assert not re.search(r"\b[a-h][1-8]\b|queen|rook|bishop|knight|pawn", prompt)


def test_instructed_prompts_name_the_piece_and_both_squares(everything):
    for index, puzzle in enumerate(everything):
        prompt = DOMAIN.prompt(puzzle, "instructed", question_rng("chess", 1, 7, index, "prompt"))
        for word in (puzzle.move[:2], puzzle.move[2:4], board.PIECE_NAMES[puzzle.mover.lower()]):
            assert word in prompt


def test_instructed_prompts_name_captures_and_promotions():
    rng = np.random.default_rng(0)
    assert "capturing the black pawn" in DOMAIN.prompt(CAPTURE, "instructed", rng)
    assert "turns into a queen" in DOMAIN.prompt(PROMOTION, "instructed", rng)


@pytest.mark.parametrize("style", PROMPT_STYLES)
def test_prompts_come_in_at_least_four_wordings(style):
    assert len({DOMAIN.prompt(EXAMPLE, style, np.random.default_rng(seed)) for seed in range(60)}) >= 4


def test_differences_name_squares_and_pieces():
    solved, first = DOMAIN.state(EXAMPLE, solved=True), DOMAIN.state(EXAMPLE, solved=False)
    assert (
        DOMAIN.difference(first, solved)
        == "a8 holds nothing instead of a white rook, a1 holds a white rook instead of nothing."
    )
    assert DOMAIN.difference(board.EMPTY * 64, solved).endswith(", and 3 more.")


# The frames


def square_of(picture, name):
    place = layout(picture.shape[0])
    left, top = place.corner(board.square_index(name))
    return picture[top : top + place.square, left : left + place.square]


@pytest.mark.parametrize("size", [256, 480, 512, 1024])
def test_every_piece_is_read_on_both_kinds_of_squares(size):
    for shift in range(0, 26, 2):
        text = ((CONTENTS * 6)[shift:] + CONTENTS * 6)[:64]
        assert DOMAIN.read(frame(text, size)) == text


@given(boards)
@settings(max_examples=25, deadline=None)
def test_any_board_is_read(text):
    assert DOMAIN.read(frame(text)) == text


@pytest.mark.parametrize("zoom", [500, 506, 518, 524])
def test_a_board_that_was_zoomed_a_little_is_read(everything, zoom):
    text = everything[-1].board
    picture = draw_board(text, 512).convert("RGB").resize((zoom, zoom), Image.Resampling.BICUBIC)
    page = Image.new("RGB", (512, 512), "white")
    page.paste(picture, ((512 - zoom) // 2, (512 - zoom) // 2))
    assert DOMAIN.read(np.asarray(page)) == text


@pytest.mark.parametrize("strength", [0.4, 0.5, 0.6])
def test_a_piece_that_is_only_fading_in_is_not_read(strength):
    before, after = frame(EXAMPLE.board).astype(float), frame(EXAMPLE.board_after).astype(float)
    faded = (before + (after - before) * strength).astype(np.uint8)
    with pytest.raises(UnreadableFrameError, match=r"a[18] is not clear"):
        DOMAIN.read(faded)


def test_a_piece_between_two_squares_is_not_read():
    half_way = np.asarray(DOMAIN.render(Puzzle(EXAMPLE.fen, "a1b1"), 0.5).convert("RGB"))
    with pytest.raises(UnreadableFrameError, match="is not"):
        DOMAIN.read(half_way)


def test_a_piece_in_a_strange_colour_is_not_read():
    picture = frame(EXAMPLE.board).copy()
    rook = square_of(picture, "a1")
    rook[(rook > 250).all(axis=2)] = (220, 40, 40)
    with pytest.raises(UnreadableFrameError, match="a1 is not clear"):
        DOMAIN.read(picture)


def test_a_board_turned_by_a_quarter_is_not_read():
    with pytest.raises(UnreadableFrameError):
        DOMAIN.read(np.rot90(frame(EXAMPLE.board)))


def test_a_board_without_its_margin_is_not_read():
    place = layout(512)
    with pytest.raises(UnreadableFrameError):
        DOMAIN.read(frame(EXAMPLE.board)[place.board, place.board])


def test_a_board_with_a_missing_square_is_not_read():
    picture = frame(EXAMPLE.board).copy()
    square_of(picture, "d4")[:] = 255
    with pytest.raises(UnreadableFrameError, match="d4 is not the dark square of a chessboard"):
        DOMAIN.read(picture)


def test_pixels_outside_the_moves_squares_stay_the_same(everything):
    for puzzle in everything[::30]:
        first, final = (np.asarray(image).copy() for image in DOMAIN.draw(puzzle))
        for name in (puzzle.move[:2], puzzle.move[2:4]):
            square_of(first, name)[:] = square_of(final, name)[:] = 0
        assert (first == final).all()


def test_what_is_captured_stays_until_the_piece_arrives():
    start, almost = (np.asarray(DOMAIN.render(CAPTURE, t).convert("RGB")) for t in (0.0, 0.5))
    assert (square_of(almost, "h7") == square_of(start, "h7")).all()
    assert (square_of(almost, "c2") == square_of(frame(board.EMPTY * 64), "c2")).all()


def test_a_pawn_becomes_the_other_piece_only_at_the_end():
    pawn_on_e8 = "....P.rk" + "......pp" + PROMOTION.board[16:]
    arriving = np.asarray(DOMAIN.render(PROMOTION, 0.99).convert("RGB"))
    assert DOMAIN.read(arriving) == pawn_on_e8
    assert DOMAIN.read(np.asarray(DOMAIN.render(PROMOTION, 1.0).convert("RGB")))[4] == "Q"


def test_the_piece_slides_in_a_straight_line_over_the_others():
    knight = Puzzle("k7/8/8/8/8/8/8/KN6 w - - 0 1", "b1c3")
    empty = frame(knight.board.replace("N", "."))
    centres = []
    for progress in np.linspace(0, 1, 9):
        changed = (np.asarray(DOMAIN.render(knight, progress).convert("RGB")) != empty).any(axis=2)
        rows, columns = np.nonzero(changed)
        centres.append(((rows.min() + rows.max()) / 2, (columns.min() + columns.max()) / 2))
    (y0, x0), (y1, x1) = centres[0], centres[-1]
    for y, x in centres:
        assert abs((y - y0) * (x1 - x0) - (x - x0) * (y1 - y0)) / np.hypot(y1 - y0, x1 - x0) < 1.5
    assert [y for y, _ in centres] == sorted((y for y, _ in centres), reverse=True)


# The licence


def test_only_one_module_imports_the_chess_package():
    folder = Path(package.__file__).parent
    importing = [
        path.name
        for path in folder.glob("*.py")
        if re.search(r"^\s*(import|from) chess\b", path.read_text(), re.MULTILINE)
    ]
    assert importing == ["rules.py"]


def test_a_board_with_nine_pawns_of_a_side_is_passed_over():
    """Found by making 100,000 questions."""
    squares = board.expand("5Q1N/1p1p1N2/7p/2p5/pP1kP3/1pp5/p1PPpR2/2K5")
    assert sampling._judged(squares, BANDS["hard"], white=False) is None
    assert sampling._judged(squares, BANDS["hard"], white=True) is None
