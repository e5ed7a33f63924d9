"""Exports: Parquet, tar files and JSON lines, and the folder that holds them."""

import io
import tarfile
from collections.abc import Callable
from pathlib import Path

from fuzz.target import Target
from fuzz.targets.films import PICTURE
from fuzz.targets.records import EVALUATION, MARKER, PAIR, RUN, as_json
from vmevalkit.export import EXPORT_SOURCES, stream_large_dataset
from vmevalkit.export.reading import answers_in, files_of, form_of


def _file(name: str) -> Callable[[bytes, Path], object]:
    def read(data: bytes, folder: Path) -> object:
        """Read a file as one of questions and as one of answers."""
        path = folder / name
        path.write_bytes(data)
        try:
            count = sum(1 for _ in stream_large_dataset(path, media=True))
        finally:
            for _ in answers_in(path):
                pass
        return count

    return read


def _folder(data: bytes, folder: Path) -> object:
    """Read what an export says of itself, and the files that it names."""
    (folder / "export.json").write_bytes(data)
    (folder / "questions.jsonl").write_bytes(as_json(PAIR))
    for source in EXPORT_SOURCES:
        if source.detects(folder):
            for _ in source.items(folder):
                pass
    form_of(folder)
    return [file for table in ("questions", "runs", "evaluations") for file in files_of(folder, table)]


def _tar(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def _parquet() -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    cell = {"bytes": PICTURE, "path": "a.png"}
    column = {name: [cell] for name in ("first_frame", "final_frame", "ground_truth", "video")}
    texts = {"record": [as_json(PAIR).decode()], "evaluations": [as_json([EVALUATION]).decode()]}
    out = io.BytesIO()
    pq.write_table(pa.table({**texts, **column}), out)
    return out.getvalue()


_QUESTION = {
    "maze_0000.json": as_json(PAIR),
    "maze_0000.first_frame.png": PICTURE,
    "maze_0000.final_frame.png": PICTURE,
}
_RUN = {"oracle/r.json": as_json(RUN), "oracle/r.evaluations.json": as_json([EVALUATION]), "oracle/r.mp4": b"video"}
_LINE = {**PAIR, "media": {"first_frame": "media/a.png", "final_frame": "../../etc/passwd"}}

TARGETS = (
    Target(
        "tar", _file("questions-00000.tar"), (_tar(_QUESTION), _tar(_RUN)), (b"ustar", b"S", b"L", b"x", b"77777777")
    ),
    Target("parquet", _file("questions.parquet"), (_parquet(),), (b"PAR1", b"record", b"bytes")),
    Target(
        "json-lines", _file("questions.jsonl"), (as_json(_LINE) + b"\n\n" + as_json(RUN) + b"\n",), (b'"media":', b"\n")
    ),
    Target("export", _folder, (as_json(MARKER),), (b'"files":', b'"path":', b'"../x"', b'"whole":', b'"questions/x"')),
)
