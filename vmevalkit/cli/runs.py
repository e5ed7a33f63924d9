"""``vmevalkit run`` and ``vmevalkit models``."""

from typing import Annotated, Literal

import typer

from vmevalkit.cli.options import (
    DEFAULT_EXPERIMENT,
    AsJson,
    DataDir,
    Domains,
    Experiment,
    Workers,
    data_root,
    print_json,
    print_plugins,
    split,
    worker_count,
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(run)
    app.command()(models)


def run(
    model: Annotated[
        list[str],
        typer.Option("--model", help="Name of a model; give it once per model or separate them by commas."),
    ],
    experiment: Experiment = DEFAULT_EXPERIMENT,
    domains: Domains = None,
    task_id: Annotated[
        list[str] | None, typer.Option("--task-id", help="Only these questions, such as chess_0003.")
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", help="At most so many questions of each domain.")] = None,
    retry: Annotated[
        Literal["failed"] | None, typer.Option("--retry", help="Try once more where the last run failed.")
    ] = None,
    workers: Workers = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Have models film the questions.

    What has been filmed is not filmed again; after an interruption the same command goes on where it stopped.
    """
    from vmevalkit.progress import shown
    from vmevalkit.runner.inference import run_models

    root = data_root(data_dir)
    with shown("run") as progress:
        done = run_models(
            root,
            experiment,
            split(model) or [],
            domains=split(domains),
            task_ids=split(task_id),
            limit=limit,
            retry_failed=retry == "failed",
            workers=worker_count(workers),
            progress=progress,
        )
    if as_json:
        print_json(vars(done))
    else:
        print(f"{done.succeeded} videos made, {done.skipped} there already, {len(done.failures)} failed")
    for failure in done.failures:
        typer.echo(f"error: {failure}", err=True)
    if done.failures:
        raise typer.Exit(1)


def models(as_json: AsJson = False) -> None:
    """List the video models."""
    from vmevalkit.models import MODELS

    print_plugins("model", MODELS, as_json)
