"""Data of other layouts, for the migration."""

from collections.abc import Callable
from pathlib import Path

from fuzz.target import Target
from fuzz.targets.films import PICTURE
from fuzz.targets.records import DATASET, PAIR, as_json
from vmevalkit.migration.registry import SOURCES, find_source
from vmevalkit.migration.source import NotUnderstood


def _source(name: str, place: str) -> Callable[[bytes, Path], object]:
    def read(data: bytes, folder: Path) -> object:
        """Put a file into a folder with a picture, and read the folder as this layout and as any that has it."""
        for picture in ("first_frame.png", "final_frame.png"):
            (folder / picture).write_bytes(PICTURE)
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        found = [
            item
            for source in (find_source(folder, name), *(s for s in SOURCES if s.detects(folder)))
            for item in source.items(folder)
        ]
        for item in found:
            if isinstance(item, NotUnderstood) and "\n" in item.path:
                raise AssertionError(f"not one line: {item}")
        return found

    return read


_FLAT = {**PAIR, "first_image_path": "first_frame.png", "final_image_path": "final_frame.png"}
_ROW = {"file_name": "first_frame.png", "final_frame_file_name": "final_frame.png", "prompt": "Go!", "domain": "maze"}
_CSV = ",".join(_ROW).encode() + b"\n" + ",".join(_ROW.values()).encode() + b"\n"
_OLD = {"scores": [{"run_id": "r", "score": "4/5", "explanation": "so"}], "score": 4, "metadata": {}}

TARGETS = (
    Target(
        "flat-json",
        _source("json", "a.json"),
        (as_json(_FLAT), as_json([_FLAT]), as_json(DATASET)),
        (b'"pairs":', b"[["),
    ),
    Target(
        "metadata-jsonl", _source("imagefolder", "metadata.jsonl"), (as_json(_ROW) + b"\n",), (b'"file_name":', b"../")
    ),
    Target("metadata-csv", _source("imagefolder", "metadata.csv"), (_CSV,), (b'"', b",", b"\r", b"\0", b"\xff")),
    Target(
        "old-evaluation",
        _source("vmevalkit", "evaluations/pilot/m/maze_task/maze_0000/human-eval.json"),
        (as_json(_OLD), as_json(DATASET)),
        (b'"score":', b'"5/5"', b"1e999", b'"evaluations":'),
    ),
)
