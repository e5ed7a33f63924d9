"""Following a maze as it is solved: what in the film of a right answer is no legal way to it.

A film may take any pace and draw several cells at once, and some line may be hidden for a while. So only what is seen
beyond doubt counts, and what may be a pen or a flicker only if it is seen more than once.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

from vmevalkit.tasks.domain import Faults
from vmevalkit.tasks.maze_task.glimpses import MazeGlimpse
from vmevalkit.tasks.maze_task.looking import Passage
from vmevalkit.tasks.maze_task.puzzle import Cell, Graph, Maze, open_passages
from vmevalkit.tasks.maze_task.reading import passages_of, place
from vmevalkit.tasks.maze_task.wording import listed, step_name

_SIGHTINGS = 2
"""How many glimpses must show a thing before it is held against a film."""

_STEPS = 3
"""From how many steps of the path the width of the line is known, so that a single glimpse may be enough."""


def follow(maze: Maze, glimpses: Sequence[MazeGlimpse | None]) -> Faults:
    """Say what is wrong with a film that ends on the solution.

    Givens: a wall, the dot or the target is certainly not as it was. Way: the line certainly was where it does not
    belong, or, in two glimpses, further on before it led there from the dot, or gone where it had been.
    """
    graph = open_passages(maze.walls)
    seen = [each for each in glimpses if each is not None]
    givens = tuple(sentence for sentence in (_changed(maze, graph, each) for each in seen) if sentence)
    lines = [each for each in seen if (each.rows, each.columns) == (maze.rows, maze.columns)]
    # A line that strayed may well hang together by the wrong way.
    tidy = [each for each in lines if each.tidy]
    way = _astray(maze, graph, tidy) or _ahead(maze, tidy)
    return Faults(givens, (*way, *_gone(maze, lines)))


def _changed(maze: Maze, graph: Graph, seen: MazeGlimpse) -> str:
    """Say what of the question has changed in a glimpse; nothing if all is as it was, or may be."""
    if (seen.rows, seen.columns) != (maze.rows, maze.columns):
        sizes = f"{seen.rows}x{seen.columns} cells instead of {maze.rows}x{maze.columns}"
        return f"the maze has {sizes}." if seen.undisturbed else ""
    gone = sorted(passage for passage in seen.gaps if passage[1] not in graph[passage[0]])
    new = sorted(passage for passage in seen.walls if passage[1] in graph[passage[0]])
    found = [
        f"there is {what} wall {_sides(passages)}" for what, passages in (("no", gone), ("a new", new)) if passages
    ]
    for name, own, marks in (("green dot", maze.start, seen.starts), ("red target", maze.goal, seen.goals)):
        if own in marks:
            continue
        if len(marks) == 1 and own in seen.unmarked:
            found.append(f"the {name} is at {place(next(iter(marks)))} instead of {place(own)}")
        elif own in seen.empty:
            found.append(f"the {name} at {place(own)} is gone")
    return f"{'; '.join(found)}." if found else ""


def _sides(passages: Sequence[Passage]) -> str:
    return listed([f"between {place(one)} and {place(other)}" for one, other in passages])


def _astray(maze: Maze, graph: Graph, seen: Sequence[MazeGlimpse]) -> list[str]:
    """Find the line where it is not on the one path.

    One glimpse is enough if nothing but the maze and the line is in the picture, and the line leads there from the dot
    as wide as it is elsewhere.
    """
    way = passages_of(maze.path)
    counts: Counter[Passage] = Counter()
    for each in seen:
        joined = _joined(each.drawn, maze.start) & each.even
        clear = each.undisturbed and len(joined & way) >= _STEPS
        for passage in each.drawn - way:
            counts[passage] += _SIGHTINGS if clear and passage in joined else 1
    strays = sorted(passage for passage, count in counts.items() if count >= _SIGHTINGS)
    through = [passage for passage in strays if passage[1] not in graph[passage[0]]]
    aside = [passage for passage in strays if passage[1] in graph[passage[0]]]
    found = (("went through a wall", through), ("left the way", aside))
    return [_line(what, passages) for what, passages in found if passages]


def _ahead(maze: Maze, seen: Sequence[MazeGlimpse]) -> list[str]:
    """Find the line where it did not yet hang together with the dot."""
    steps = [(min(step), max(step)) for step in pairwise(maze.path)]

    def loose(each: MazeGlimpse) -> frozenset[Passage]:
        first_blank = next((number for number, step in enumerate(steps) if step in each.blank), len(steps))
        return each.drawn.intersection(steps[first_blank:])

    found = _repeated(loose(each) for each in seen)
    return [_line("did not hang together with the green dot", found)] if found else []


def _gone(maze: Maze, seen: Sequence[MazeGlimpse]) -> list[str]:
    """Find the steps of the path where the line was and was gone again later."""
    found = []
    for step in sorted(passages_of(maze.path)):
        drawn = [number for number, each in enumerate(seen) if step in each.drawn]
        later = seen[drawn[_SIGHTINGS - 1] :] if len(drawn) >= _SIGHTINGS else []
        if sum(step in each.blank for each in later) >= _SIGHTINGS:
            found.append(step)
    return [_line("was gone again", found)] if found else []


def _joined(drawn: frozenset[Passage], start: Cell) -> frozenset[Passage]:
    """Return the part of a line that hangs together with a cell."""
    cells = {start}
    rest, joined = drawn, frozenset[Passage]()
    while near := frozenset(passage for passage in rest if not cells.isdisjoint(passage)):
        joined, rest = joined | near, rest - near
        cells.update(cell for passage in near for cell in passage)
    return joined


def _repeated(sets: Iterable[frozenset[Passage]]) -> list[Passage]:
    """List the passages that are in enough of some sets."""
    counts = Counter(passage for each in sets for passage in each)
    return sorted(passage for passage, count in counts.items() if count >= _SIGHTINGS)


def _line(what: str, passages: Sequence[Passage]) -> str:
    return f"the line {what} {listed([step_name(passage) for passage in passages])}."
