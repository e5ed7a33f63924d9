"""The export of a data root, in any form."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from vmevalkit.dataroot import DataRoot, dump_json, read_header
from vmevalkit.errors import RecordError, UsageError
from vmevalkit.export import croissant, hugging_face
from vmevalkit.export._sink import Sink
from vmevalkit.export.content import Content, Problems, Selection
from vmevalkit.export.folder import Contents, Form, write_marker, written_folder
from vmevalkit.export.parquet import require_pyarrow
from vmevalkit.export.summary import Summary
from vmevalkit.export.writers import TablesWriter, Writer, opened
from vmevalkit.progress import Progress, Silent

_LEAST_SHARD_BYTES = 10_000


@dataclass(frozen=True)
class ExportOptions:
    """What is exported, and how."""

    selection: Selection = field(default_factory=Selection)
    frames: bool = False
    """Whether ``parquet`` and ``jsonl`` bring the questions' frames and films along; the other forms always do."""
    videos: bool = False
    """Whether the runs come with their videos."""
    shard_bytes: int | None = None
    """The size of a file; by default 1 GB for tar files and 500 MB for Parquet files."""
    title: str = "VMEvalKit questions"
    license: str | None = None
    """Of the data, as an SPDX identifier; for the dataset card and for Croissant."""

    def __post_init__(self) -> None:
        if self.shard_bytes is not None and self.shard_bytes < _LEAST_SHARD_BYTES:
            raise UsageError(f"files of {self.shard_bytes} bytes are too small", hint="say 10KB or more, such as 1GB")


@dataclass(frozen=True)
class Export:
    """What was exported."""

    folder: Path
    counts: Mapping[str, int]
    """Rows or items of each table."""
    files: int
    bytes: int
    """Of the files; copies of frames and videos beside JSON lines are not counted in either."""
    failed: int
    """Files that are broken: what they belong to was left out."""
    problems: tuple[RecordError, ...]
    """The first hundred of them."""


def export(
    root: DataRoot,
    form: Form,
    out: Path,
    options: ExportOptions | None = None,
    *,
    replace: bool = False,
    progress: Progress | None = None,
) -> Export:
    """Write a data root, or a part of it, to a folder in a form that other tools read.

    The folder appears when it is complete, and its bytes depend on nothing but what is exported. What is broken is
    left out, and named in the answer.

    Args:
        root: the data root; it is only read.
        form: ``hf``, ``parquet``, ``webdataset``, ``croissant`` or ``jsonl``.
        out: the folder. It must not exist or be empty, unless ``replace`` says that it may be an older export.
        options: what is exported, and how.
        replace: whether an export that is there gives way to the new one.
        progress: told as it goes.

    Raises:
        UsageError: there is nothing to export, ``out`` is no place for it, or pyarrow is missing.
        UnknownNameError: a domain, experiment or model does not exist.
        ConflictError: somebody else has written to ``out`` meanwhile.

    """
    options = options or ExportOptions()
    options.selection.check(root)
    if form in {"hf", "parquet", "croissant"}:
        require_pyarrow()
    header = read_header(root.manifest) if root.manifest.is_file() else None
    summary = Summary(options.title, options.license, header)
    problems = Problems()
    content = Content(root, options.selection, problems)
    with (
        written_folder(out, root, replace=replace) as folder,
        closing(
            opened(form, folder, frames=options.frames, videos=options.videos, shard_bytes=options.shard_bytes)
        ) as writer,
    ):
        _fill(writer, content, summary, progress or Silent())
        contents = writer.finish()
        if isinstance(writer, TablesWriter):
            _describe(form, folder, writer, summary, contents)
        write_marker(folder, form, contents, header)
    size = sum(file.size for file in contents.files)
    return Export(out, contents.counts, len(contents.files), size, problems.count, tuple(problems.first))


def _fill(writer: Writer, content: Content, summary: Summary, progress: Progress) -> None:
    progress.start(None, "questions")
    for question, _ in content.problems.sound(writer.question, content.questions()):
        summary.add(question)
        progress.advance()
    progress.start(None, "runs")
    for _ in content.problems.sound(writer.answer, content.answers()):
        progress.advance()


def _describe(form: Form, folder: Path, writer: TablesWriter, summary: Summary, contents: Contents) -> None:
    """Write the file that describes the tables, where the form has one."""
    if form == "hf":
        name, text = "README.md", hugging_face.card(summary, writer.tables, contents)
    elif form == "croissant":
        name, text = "croissant.json", dump_json(croissant.metadata(summary, writer.tables, contents))
    else:
        return
    sink = Sink(folder / name)
    sink.write(text.encode())
    sink.close()
    contents.files.append(sink.written(name, 1))
