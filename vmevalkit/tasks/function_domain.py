"""Domains in the form of a function that returns a data set with a list of pairs."""

import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, is_dataclass
from pathlib import Path
from typing import Any

from PIL import Image, UnidentifiedImageError

from vmevalkit.clock import timestamp
from vmevalkit.dataroot import Pair
from vmevalkit.errors import PuzzleError
from vmevalkit.tasks.question import Question, frame_paths, question_id, to_png

_OWN_FIELDS = {"id", "domain", "difficulty", "task_category", "prompt", "created_at", "metadata"}
_FRAMES = ("first", "final")


@dataclass(frozen=True)
class FunctionDomain:
    """A domain that can make questions and nothing more: no proof, no film, no reading of frames."""

    name: str
    title: str
    description: str
    create: Callable[[int], Any]
    """Takes the number of samples, returns a data set."""
    process: Callable[[Any, int], Iterable[Any]]
    """Takes the data set and the number of samples, returns its pairs."""

    def questions(self, count: int) -> Iterator[Question]:
        """Yield up to ``count`` questions.

        A pair is a mapping or a dataclass with ``prompt`` and, for each of ``first`` and ``final``, a file in
        ``<frame>_image_path`` or a picture in ``<frame>_image``; ``difficulty`` and ``task_category`` if there are
        such. Everything else that JSON can hold goes into the metadata.

        Raises:
            PuzzleError: a pair lacks its prompt or a frame.

        """
        pairs = self.process(self.create(count), count)
        for index, pair in zip(range(count), pairs, strict=False):
            yield self._question(index, _fields(pair))

    def _question(self, index: int, fields: Mapping[str, Any]) -> Question:
        task_id = question_id(self.name, index)
        prompt = fields.get("prompt")
        if not isinstance(prompt, str) or not prompt.strip():
            raise PuzzleError(f"domain {self.name}: pair {index} has no prompt")
        first, final = (self._png(index, fields, frame) for frame in _FRAMES)
        first_path, final_path = frame_paths(self.name, task_id)
        images = {f"{frame}_image{suffix}" for frame in _FRAMES for suffix in ("", "_path")}
        extra = {k: v for k, v in fields.items() if k not in _OWN_FIELDS | images and _is_json(v)}
        pair = Pair(
            id=task_id,
            domain=self.name,
            difficulty=str(fields.get("difficulty") or "medium"),
            task_category=str(fields.get("task_category") or ""),
            first_image_path=first_path,
            final_image_path=final_path,
            prompt=prompt,
            created_at=timestamp(),
            metadata={**extra, **(fields.get("metadata") or {})},
        )
        return Question(pair, first, final)

    def _png(self, index: int, fields: Mapping[str, Any], frame: str) -> bytes:
        source = fields.get(f"{frame}_image") or fields.get(f"{frame}_image_path")
        if isinstance(source, Image.Image):
            return to_png(source)
        if not isinstance(source, str | Path):
            raise PuzzleError(f"domain {self.name}: pair {index} has neither {frame}_image nor {frame}_image_path")
        try:
            data = Path(source).read_bytes()
            with Image.open(io.BytesIO(data)) as image:
                return data if image.format == "PNG" else to_png(image)
        except (OSError, UnidentifiedImageError, SyntaxError, ValueError) as error:
            raise PuzzleError(f"domain {self.name}: pair {index}: {source} cannot be read: {error}") from error


def _fields(pair: object) -> Mapping[str, Any]:
    if isinstance(pair, Mapping):
        return pair
    if is_dataclass(pair) and not isinstance(pair, type):
        return asdict(pair)
    raise PuzzleError(f"a pair must be a mapping or a dataclass, not {type(pair).__name__}")


def _is_json(value: object) -> bool:
    try:
        json.dumps(value)
    except (TypeError, ValueError, RecursionError):
        return False
    return True
