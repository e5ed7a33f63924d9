"""``vmevalkit export``."""

import re
from pathlib import Path
from typing import Annotated, Literal

import typer

from vmevalkit.cli.options import AsJson, DataDir, Domains, Models, data_root, print_json, split

Form = Literal["hf", "parquet", "webdataset", "croissant", "jsonl"]

_UNITS = {"": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9}
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?) *([KMG]B)?", re.IGNORECASE)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(export)


def export(
    form: Annotated[Form, typer.Argument(help="What reads it: hf, parquet, webdataset, croissant or jsonl.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder to write.")],
    domains: Domains = None,
    experiment: Annotated[
        list[str] | None,
        typer.Option("--experiment", help="Only these experiments; give it once per experiment or use commas."),
    ] = None,
    model: Models = None,
    frames: Annotated[
        bool,
        typer.Option("--frames", help="With parquet and jsonl, bring the frames along; the other forms always do."),
    ] = False,
    videos: Annotated[bool, typer.Option("--videos", help="Bring the videos of the models along.")] = False,
    shard_size: Annotated[
        str | None,
        typer.Option(
            "--shard-size",
            metavar="SIZE",
            help="The size of a file, such as 200MB.  [default: 1GB for webdataset, 500MB for Parquet]",
            show_default=False,
        ),
    ] = None,
    title: Annotated[str, typer.Option("--title", help="What the data set is called.")] = "VMEvalKit questions",
    license_id: Annotated[
        str | None,
        typer.Option("--license", metavar="SPDX", help="The licence of the data, such as CC-BY-4.0."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Replace an older export that is in OUT.")] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Write the questions and their results in a form that other tools read.

    OUT appears when it is complete. What is broken in the data root is left out and named.

    \b
    vmevalkit export hf OUT            for datasets.load_dataset("OUT"), with a dataset card
    vmevalkit export parquet OUT       tables for pandas, polars, DuckDB
    vmevalkit export webdataset OUT    tar files for training pipelines
    vmevalkit export croissant OUT     Parquet files and croissant.json
    vmevalkit export jsonl OUT         the records, one on each line
    """
    from vmevalkit.export import ExportOptions, Selection
    from vmevalkit.export import export as write
    from vmevalkit.progress import shown

    options = ExportOptions(
        Selection(_names(domains), _names(experiment), _names(model)),
        frames=frames,
        videos=videos,
        shard_bytes=_bytes(shard_size),
        title=title,
        license=license_id,
    )
    with shown("export") as progress:
        done = write(data_root(data_dir), form, out, options, replace=yes, progress=progress)
    if as_json:
        problems = [{"path": str(error.path), "problem": error.problem} for error in done.problems]
        print_json(
            {
                "folder": str(done.folder),
                "form": form,
                "counts": dict(done.counts),
                "files": done.files,
                "bytes": done.bytes,
                "failed": done.failed,
                "problems": problems,
            }
        )
    else:
        counts = ", ".join(f"{count} {name}" for name, count in done.counts.items())
        print(f"{done.folder}: {counts}; {done.files} files, {done.bytes / 1e6:.1f} MB")
    for error in done.problems:
        typer.echo(f"error: {error}", err=True)
    if done.failed > len(done.problems):
        typer.echo(f"error: and {done.failed - len(done.problems)} more", err=True)
    if done.failed:
        raise typer.Exit(1)


def _names(values: list[str] | None) -> tuple[str, ...] | None:
    names = split(values)
    return None if names is None else tuple(names)


def _bytes(text: str | None) -> int | None:
    from vmevalkit.errors import UsageError

    if text is None:
        return None
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"--shard-size takes a size, not {text!r}", hint="such as 200MB or 1GB")
    return int(float(match[1]) * _UNITS[(match[2] or "").upper()])
