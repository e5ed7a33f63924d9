"""``vmevalkit index``."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from vmevalkit.cli.options import AsJson, DataDir, data_root, print_json

if TYPE_CHECKING:
    from vmevalkit.catalog import Catalog, Refreshed
    from vmevalkit.dataroot import DataRoot

_MOST_PROBLEMS = 20


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(index)


def index(
    data_dir: DataDir = None,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Delete the index first and read everything anew.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Bring the index of the data root up to date, which makes the dashboard's first answer quick.

    The dashboard does so by itself. The index can be deleted at any time; nothing is only in it. If the manifest does
    not count the questions that are there, as after 'vmevalkit create --shard', it is written anew.
    """
    from vmevalkit.catalog import Catalog
    from vmevalkit.progress import shown

    root = data_root(data_dir).existing()
    catalog = Catalog(root)
    with shown("index") as progress:
        done = catalog.refresh(progress, rebuild=rebuild)
    unmerged = _merged(root, catalog)
    count, problems = catalog.problems(_MOST_PROBLEMS)
    if as_json:
        found = [asdict(problem) for problem in problems]
        print_json({"read": _read(done), "known": _known(catalog), "problem_count": count, "problems": found})
    else:
        known = ", ".join(f"{number} {what}" for what, number in _known(catalog).items())
        read = ", ".join(f"{number} {what}" for what, number in _read(done).items() if what != "seconds")
        print(f"{known}\nread in {done.seconds:.1f} s: {read}")
        for problem in problems:
            typer.echo(f"error: {problem.path}: {problem.reason}", err=True)
        if count > len(problems):
            typer.echo(f"... and {count - len(problems)} more", err=True)
    if unmerged:
        typer.echo(f"error: the manifest cannot list all questions: {unmerged}", err=True)
    if count or unmerged:
        raise typer.Exit(1)


def _merged(root: "DataRoot", catalog: "Catalog") -> str | None:
    """Write the manifest if it does not count the questions that are there; return why that is not possible."""
    from vmevalkit.errors import RecordError
    from vmevalkit.runner.manifests import merge_shards

    try:
        if merge_shards(root, sum(catalog.question_counts().values())):
            typer.echo(f"The manifest lists all questions now: {root.manifest}", err=True)
    except RecordError as error:
        return error.message
    return None


def _known(catalog: "Catalog") -> dict[str, int]:
    experiments = catalog.experiments()
    return {
        "questions": sum(catalog.question_counts().values()),
        "experiments": len(experiments),
        "runs": sum(experiment.runs for experiment in experiments),
    }


def _read(done: "Refreshed") -> dict[str, int | float]:
    return {
        "questions": done.questions,
        "runs": done.runs,
        "evaluations": done.evaluations,
        "removed": done.removed,
        "seconds": round(done.seconds, 3),
    }
