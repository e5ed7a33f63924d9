"""What a question's metadata says, prepared to be drawn: a board, a maze, a grid, facts in words.

Anybody may have written the metadata. What is not of the shape that its domain writes is not drawn; the table of all
metadata shows it then, whatever it is.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from vmevalkit.web.formats import UNKNOWN, plural, words

_ROWS = 60
"""Rows of the table of all metadata."""
_SHORT, _LONGEST = 80, 1500  # characters of a value that is shown without unfolding it, and of one that is shown
_DEEPEST = 4
_CELL = 10
"""Side of a maze's cell in the units of its drawing."""

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Square:
    """A square of a chess board."""

    is_dark: bool
    piece: str
    """A letter as in FEN, or empty."""
    mark: Literal["", "from", "to"]
    """Whether the solving move starts or ends here."""


@dataclass(frozen=True)
class ChessBoard:
    """A position, from rank 8 to rank 1 and from file a to h."""

    ranks: tuple[tuple[Square, ...], ...]
    label: str


@dataclass(frozen=True)
class MazePlan:
    """A maze as an SVG drawing."""

    width: int
    height: int
    walls: str
    """A path's ``d``."""
    way: str
    """A polyline's ``points``."""
    start: tuple[int, int]
    goal: tuple[int, int]
    letters: str
    """The way as steps: U, D, L, R."""


@dataclass(frozen=True)
class SudokuCell:
    """A cell of a solved sudoku."""

    digit: int
    is_given: bool
    is_right_end: bool
    """Whether a box ends here."""
    is_lower_end: bool


@dataclass(frozen=True)
class Puzzle:
    """What is shown of a question's metadata, besides the table of all of it."""

    facts: Pairs = ()
    rules: tuple[str, ...] = ()
    chess: ChessBoard | None = None
    maze: MazePlan | None = None
    sudoku: tuple[tuple[SudokuCell, ...], ...] | None = None


@dataclass(frozen=True)
class MetadataRow:
    """A line of the table of all metadata."""

    name: str
    value: str
    is_long: bool


def puzzle_of(domain: str, metadata: Mapping[str, Any]) -> Puzzle:
    """Return what can be drawn; empty for a domain that is not ours, or metadata of another shape."""
    read = _READERS.get(domain)
    if read is None:
        return Puzzle()
    try:
        return read(metadata)
    except (ValidationError, _OddMetadataError):
        return Puzzle()


def metadata_table(metadata: Mapping[str, Any]) -> tuple[MetadataRow, ...]:
    """Return any metadata as lines of text; nested objects by names with dots."""
    rows: list[MetadataRow] = []
    for name, value in _flat("", metadata, 0):
        if len(rows) == _ROWS:
            rows.append(MetadataRow("…", "there is more in the file", is_long=False))
            break
        text = _text(value)
        is_long = len(text) > _SHORT or "\n" in text
        rows.append(MetadataRow(name, text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …", is_long))
    return tuple(rows)


def _flat(before: str, value: Mapping[str, Any], depth: int) -> Iterator[tuple[str, Any]]:
    for name, part in value.items():
        full = f"{before}{words(str(name)[:_SHORT])}"
        if isinstance(part, Mapping) and part and depth < _DEEPEST:
            yield from _flat(f"{full} · ", part, depth + 1)
        else:
            yield full, part


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return UNKNOWN
    return json.dumps(value, ensure_ascii=False)


class _OddMetadataError(Exception):
    """Metadata that does not hang together."""


class _Facts(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


_Word = Annotated[str, StringConstraints(max_length=60)]
_Number = int | float
_Place = tuple[Annotated[int, Field(ge=0, le=63)], Annotated[int, Field(ge=0, le=63)]]


class _Chess(_Facts):
    fen_initial: str = Field(max_length=100)
    solution: _Word
    solution_uci: str = Field(pattern=r"^[a-h][1-8][a-h][1-8][qrbn]?$")
    side_to_move: _Word
    mating_piece: _Word | None = None
    captured_piece: _Word | None = None
    legal_moves: int | None = None
    pieces: int | None = None


def _chess(metadata: Mapping[str, Any]) -> Puzzle:
    chess = _Chess.model_validate(metadata)
    move = chess.solution_uci
    facts = [
        ("Solution", chess.solution),
        ("From, to", f"{move[:2]} → {move[2:4]}"),
        ("To move", chess.side_to_move),
        ("Mating piece", chess.mating_piece),
        ("Captures", chess.captured_piece),
        ("Legal moves", chess.legal_moves),
        ("Pieces", chess.pieces),
    ]
    ranks = tuple(_rank(8 - number, text, move) for number, text in enumerate(_placement(chess.fen_initial)))
    label = f"The position, {chess.side_to_move} to move; {chess.solution} solves it"
    return Puzzle(_pairs(facts), chess=ChessBoard(ranks, label))


def _placement(fen: str) -> list[str]:
    """Return the ranks of a position, 8 first, as eight letters each; a blank is an empty square."""
    ranks = []
    for coded in (fen.split() or [""])[0].split("/"):
        rank = "".join(" " * int(letter) if letter in "12345678" else letter for letter in coded)
        if len(rank) != 8 or not set(rank) <= set(" KQRBNPkqrbnp"):
            raise _OddMetadataError
        ranks.append(rank)
    if len(ranks) != 8:
        raise _OddMetadataError
    return ranks


def _rank(number: int, pieces: str, move: str) -> tuple[Square, ...]:
    marks: dict[str, Literal["from", "to"]] = {move[:2]: "from", move[2:4]: "to"}
    return tuple(
        Square(
            is_dark=(file + number) % 2 == 1,
            piece=piece.strip(),
            mark=marks.get(f"{'abcdefgh'[file]}{number}", ""),
        )
        for file, piece in enumerate(pieces)
    )


class _Maze(_Facts):
    rows: int = Field(ge=1, le=64)
    columns: int = Field(ge=1, le=64)
    walls: tuple[Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{1,64}$")], ...]
    solution_path: tuple[_Place, ...] = Field(min_length=2, max_length=4096)
    path_length: int
    algorithm: _Word | None = None
    turns: int | None = None
    junctions: int | None = None
    dead_ends: int | None = None


_STEPS = {(-1, 0): "U", (1, 0): "D", (0, -1): "L", (0, 1): "R"}


def _maze(metadata: Mapping[str, Any]) -> Puzzle:
    maze = _Maze.model_validate(metadata)
    if len(maze.walls) != maze.rows or {len(row) for row in maze.walls} != {maze.columns}:
        raise _OddMetadataError
    path = maze.solution_path
    letters = "".join(_STEPS.get((after[0] - before[0], after[1] - before[1]), "?") for before, after in pairwise(path))
    middles = [_middle(place) for place in path]
    plan = MazePlan(
        width=maze.columns * _CELL,
        height=maze.rows * _CELL,
        walls=_walls(maze.walls),
        way=" ".join(f"{x},{y}" for x, y in middles),
        start=middles[0],
        goal=middles[-1],
        letters=letters,
    )
    facts = [
        ("Size", f"{maze.rows} by {maze.columns} cells"),
        ("Path length", plural(maze.path_length, "step")),
        ("Turns", maze.turns),
        ("Junctions", maze.junctions),
        ("Dead ends", maze.dead_ends),
        ("Made by", maze.algorithm and words(maze.algorithm)),
    ]
    return Puzzle(_pairs(facts), maze=plan)


def _middle(place: tuple[int, int]) -> tuple[int, int]:
    row, column = place
    return column * _CELL + _CELL // 2, row * _CELL + _CELL // 2


def _walls(rows: Sequence[str]) -> str:
    """Return the walls as a path; a cell's bits are 1 for north, 2 east, 4 south and 8 west."""
    bits = [[int(cell, 16) for cell in row] for row in rows]
    across = [[bool(cell & 1) for cell in row] for row in bits] + [[bool(cell & 4) for cell in bits[-1]]]
    down = [[bool(row[n] & 8) for row in bits] for n in range(len(bits[0]))] + [[bool(row[-1] & 2) for row in bits]]
    parts = [
        f"M{begin * _CELL} {line * _CELL}H{end * _CELL}"
        for line, flags in enumerate(across)
        for begin, end in _stretches(flags)
    ]
    parts += [
        f"M{line * _CELL} {begin * _CELL}V{end * _CELL}"
        for line, flags in enumerate(down)
        for begin, end in _stretches(flags)
    ]
    return "".join(parts)


def _stretches(flags: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """Yield where flags that are set begin and end."""
    begin: int | None = None
    for place, flag in enumerate([*flags, False]):
        if flag and begin is None:
            begin = place
        elif not flag and begin is not None:
            yield begin, place
            begin = None


class _Sudoku(_Facts):
    side: int = Field(ge=2, le=16)
    box: tuple[Annotated[int, Field(ge=1, le=16)], Annotated[int, Field(ge=1, le=16)]]
    puzzle: tuple[tuple[int, ...], ...]
    solution: tuple[tuple[int, ...], ...]
    blanks: int
    technique: _Word | None = None


def _sudoku(metadata: Mapping[str, Any]) -> Puzzle:
    sudoku = _Sudoku.model_validate(metadata)
    for grid in (sudoku.puzzle, sudoku.solution):
        if len(grid) != sudoku.side or {len(row) for row in grid} != {sudoku.side}:
            raise _OddMetadataError
    height, width = sudoku.box
    cells = tuple(
        tuple(
            SudokuCell(digit, bool(given), (column + 1) % width == 0, (row + 1) % height == 0)
            for column, (given, digit) in enumerate(zip(givens, digits, strict=True))
        )
        for row, (givens, digits) in enumerate(zip(sudoku.puzzle, sudoku.solution, strict=True))
    )
    facts = [
        ("Size", f"{sudoku.side} by {sudoku.side}, boxes of {height} by {width}"),
        ("Empty cells", sudoku.blanks),
        ("Technique", sudoku.technique and words(sudoku.technique)),
    ]
    return Puzzle(_pairs(facts), sudoku=cells)


class _Rotation(_Facts):
    angle: _Number
    direction: _Word
    cubes: int
    bends: int | None = None
    elevation: _Number | None = None
    azimuth_start: _Number | None = None
    azimuth_end: _Number | None = None


def _rotation(metadata: Mapping[str, Any]) -> Puzzle:
    rotation = _Rotation.model_validate(metadata)
    start, end = rotation.azimuth_start, rotation.azimuth_end
    facts = [
        ("Turn", f"{rotation.angle:g}° {rotation.direction}"),
        ("Seen from", None if start is None or end is None else f"{start:g}°, then {end:g}°"),
        ("Camera", None if rotation.elevation is None else f"{rotation.elevation:g}° above"),
        ("Cubes", rotation.cubes),
        ("Bends", rotation.bends),
    ]
    return Puzzle(_pairs(facts))


class _Rule(_Facts):
    description: str = Field(max_length=300)


class _Raven(_Facts):
    rules: tuple[_Rule, ...] = Field(min_length=1, max_length=12)
    solution: str = Field(max_length=300)
    varying_attributes: int | None = None
    arithmetic_rules: int | None = None


def _raven(metadata: Mapping[str, Any]) -> Puzzle:
    raven = _Raven.model_validate(metadata)
    facts = [
        ("Solution", raven.solution),
        ("Attributes that vary", raven.varying_attributes),
        ("Arithmetic rules", raven.arithmetic_rules),
    ]
    return Puzzle(_pairs(facts), rules=tuple(rule.description for rule in raven.rules))


def _pairs(facts: Sequence[tuple[str, object]]) -> Pairs:
    """Return the facts that are known, as text."""
    return tuple((name, str(value)) for name, value in facts if value not in (None, ""))


_READERS: Mapping[str, Callable[[Mapping[str, Any]], Puzzle]] = {
    "chess": _chess,
    "maze": _maze,
    "sudoku": _sudoku,
    "rotation": _rotation,
    "raven": _raven,
}
