"""``vmevalkit create`` and ``vmevalkit domains``."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from vmevalkit.cli.options import (
    AsJson,
    DataDir,
    Domains,
    ExecutorName,
    RayAddress,
    ShardText,
    Workers,
    chosen_workers,
    data_root,
    opened_remote,
    print_json,
    print_table,
    shard_of,
    split,
)
from vmevalkit.vocabulary import Difficulty, PromptStyle

if TYPE_CHECKING:
    from vmevalkit.dataroot import DataRoot


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(create)
    app.command()(domains)


def create(
    pairs_per_domain: Annotated[
        int, typer.Option("--pairs-per-domain", help="How many questions of each domain.")
    ] = 15,
    random_seed: Annotated[int, typer.Option("--random-seed", help="The seed that everything comes from.")] = 42,
    domains: Domains = None,
    difficulty: Annotated[
        Difficulty | None,
        typer.Option("--difficulty", help="One difficulty for all; otherwise easy, medium and hard in turn."),
    ] = None,
    prompt_style: Annotated[
        PromptStyle, typer.Option("--prompt-style", help="Whether prompts state the task or name the solution.")
    ] = "open",
    size: Annotated[int, typer.Option("--size", help="Side of the frames in pixels.")] = 512,
    videos: Annotated[bool, typer.Option("--videos", help="Film the solutions too, as ground_truth.mp4.")] = False,
    fps: Annotated[int, typer.Option("--fps", help="Frames per second of the films.")] = 16,
    seconds: Annotated[float, typer.Option("--seconds", help="Length of the films.")] = 3.0,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            metavar="URL",
            help="Write the questions to tar files on this remote, such as s3://bucket/million, not to the data root.",
            show_default=False,
        ),
    ] = None,
    form: Annotated[
        Literal["webdataset"] | None,
        typer.Option("--format", help="What --output writes: tar files for WebDataset.", show_default=False),
    ] = None,
    questions_per_file: Annotated[
        int, typer.Option("--questions-per-file", min=1, help="How many questions go into one tar file of --output.")
    ] = 10_000,
    shard: ShardText = None,
    workers: Workers = None,
    executor: ExecutorName = "local",
    ray_address: RayAddress = None,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Make nothing: read and check the questions that are there.")
    ] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Make puzzle questions, each with exactly one solution.

    Questions that are there already stay untouched, so that a data set can be grown and an interrupted command
    repeated. The same seed gives the same questions on any machine, also if each of N jobs makes one part (--shard);
    'vmevalkit index' then writes the manifest of all parts.
    """
    from vmevalkit.errors import UsageError
    from vmevalkit.progress import shown
    from vmevalkit.runner.create_dataset import create_dataset
    from vmevalkit.tasks.question import FilmSpec, check_size

    if form is not None and output is None:
        raise UsageError("--format goes with --output")
    root = data_root(data_dir)
    if read_only:
        _read(root, as_json)
        return
    check_size(size)  # Before --output is opened: that may make a folder.
    film = FilmSpec(fps, seconds)
    asked: dict[str, Any] = {
        "pairs_per_domain": pairs_per_domain,
        "random_seed": random_seed,
        "domains": split(domains),
        "difficulty": difficulty,
        "prompt_style": prompt_style,
        "size": size,
        "film": film if videos else None,
        "shard": shard_of(shard),
        "workers": chosen_workers(workers, executor, ray_address),
    }
    if output is not None:
        _stream(output, asked, questions_per_file, as_json)
        return
    with shown("create") as progress:
        created = create_dataset(root, **asked, progress=progress)
    if as_json:
        print_json({**vars(created), "manifest": str(root.manifest)})
    else:
        where = root.manifest if shard is None else f"shard {shard}; after the last one, run 'vmevalkit index'"
        print(f"{created.made} questions made, {created.kept} kept: {where}")
        if created.beyond:
            print(f"{created.beyond} more than asked for were there already and stay.")
    for name, count in created.missing.items():
        typer.echo(f"warning: domain {name} delivered {count} questions too few", err=True)
    for name in created.not_filmed:
        typer.echo(f"warning: domain {name} comes without a solver, so its solutions are not filmed", err=True)
    if created.missing or created.not_filmed:
        raise typer.Exit(1)


def _stream(output: str, asked: dict[str, Any], questions_per_file: int, as_json: bool) -> None:
    from vmevalkit.export.making import stream_dataset
    from vmevalkit.progress import shown

    remote = opened_remote(output, create=True)
    with shown("create") as progress:
        done = stream_dataset(remote, **asked, questions_per_file=questions_per_file, progress=progress)
    if as_json:
        print_json({**vars(done), "remote": remote.url})
        return
    made = f"{done.questions} questions made in {done.files} files ({done.bytes / 1e6:.1f} MB)"
    print(f"{made}, {done.kept} files kept: {remote.url}")
    if done.missing:
        print(f"{done.missing} files are left to other shards.")


def _read(root: "DataRoot", as_json: bool) -> None:
    from vmevalkit.runner.manifests import dataset_problems

    root.existing()
    problems = list(dataset_problems(root))
    counts = Counter(key.domain for key in root.iter_pairs())  # Of the manifest, the problems speak.
    if as_json:
        print_json({"manifest": str(root.manifest), "domains": counts, "problems": problems})
    else:
        for name, count in counts.items():
            print(f"{name:<12} {count:>7}")
        print(f"{'total':<12} {counts.total():>7}   {root.manifest}")
    for problem in problems:
        typer.echo(f"error: {problem}", err=True)
    if problems:
        raise typer.Exit(1)


def domains(
    sheet: Annotated[
        Path | None, typer.Option("--sheet", help="Write a sheet of thumbnails to this PNG file.", show_default=False)
    ] = None,
    samples: Annotated[int, typer.Option("--samples", min=1, help="How many questions of each domain it shows.")] = 10,
    random_seed: Annotated[int, typer.Option("--random-seed", help="Which questions it shows.")] = 42,
    only: Domains = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List the puzzle domains and count their questions."""
    from vmevalkit.dataroot import iter_manifest
    from vmevalkit.tasks import DIFFICULTIES, describe, domain_names

    names = split(only) or domain_names()
    told = {name: describe(name) for name in names}
    if sheet is not None:
        _write_sheet(sheet, names, samples, random_seed)
    manifest = data_root(data_dir).manifest
    pairs = iter_manifest(manifest) if manifest.exists() else ()
    counts = Counter((pair.domain, pair.difficulty) for pair in pairs)
    rows: list[dict[str, str | int]] = [
        {
            "domain": name,
            "title": title,
            "description": description,
            "questions": sum(count for (domain, _), count in counts.items() if domain == name),
            **{difficulty: counts[name, difficulty] for difficulty in DIFFICULTIES},
        }
        for name, (title, description) in told.items()
    ]
    if as_json:
        print_json(rows)
        return
    from rich.table import Table

    table = Table("domain", "title", "description", box=None)
    for heading in ("questions", *DIFFICULTIES):
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(*map(str, row.values()))
    print_table(table)


def _write_sheet(path: Path, names: list[str], samples: int, seed: int) -> None:
    from vmevalkit.dataroot import atomic_path
    from vmevalkit.tasks import Domain, get_domain
    from vmevalkit.tasks.sheet import thumbnail_sheet

    shown = [domain for domain in map(get_domain, names) if isinstance(domain, Domain)]
    picture = thumbnail_sheet(shown, samples, seed)
    with atomic_path(path) as temporary:
        picture.save(temporary, "PNG", optimize=True)
