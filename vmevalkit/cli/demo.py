"""``vmevalkit demo``: the whole pipeline in a folder of its own."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vmevalkit.cli.options import DEFAULT_EXPERIMENT, Workers, worker_count
from vmevalkit.cli.reports import print_leaderboard
from vmevalkit.cli.scores import DEFAULT_EVALUATOR
from vmevalkit.cli.versions import print_log

if TYPE_CHECKING:
    from vmevalkit.dataroot import DataRoot


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(demo)


def demo(
    folder: Annotated[Path, typer.Argument(help="Where the demo keeps its data and its remote.")] = Path("demo"),
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="Open the dashboard at the end.")] = True,
    port: Annotated[int, typer.Option("--port", help="The dashboard's port.")] = 5000,
    workers: Workers = None,
) -> None:
    """Run the whole pipeline on 75 questions, offline.

    They are made, filmed by the baseline models, scored, pushed, versioned and shown. Everything stays in one folder,
    which can be deleted afterwards. Nothing is done twice when it is run again.
    """
    from vmevalkit.dataroot import DataRoot

    root = DataRoot(folder / "data")
    began = time.monotonic()
    _create_run_evaluate(root, worker_count(workers))
    _push_and_version(root, folder / "remote")
    print(
        f"\nDone in {time.monotonic() - began:.0f} s. Look at it again with: vmevalkit dashboard --data-dir {root.path}"
    )
    if serve:
        from vmevalkit.settings import load_settings
        from vmevalkit.web import DashboardConfig
        from vmevalkit.web import serve as serve_dashboard

        remote = (folder / "remote").resolve().as_uri()
        serve_dashboard(
            DashboardConfig(root, settings=load_settings().model_copy(update={"remote": remote})),
            port=port,
            open_browser=True,
            announce=lambda url: print(f"\nThe dashboard is at {url}; Ctrl-C ends it.", flush=True),
        )


def _create_run_evaluate(root: "DataRoot", workers: int) -> None:
    from vmevalkit.analysis import leaderboard
    from vmevalkit.models import BASELINES
    from vmevalkit.progress import shown
    from vmevalkit.runner.create_dataset import create_dataset
    from vmevalkit.runner.evaluation import evaluate_experiment
    from vmevalkit.runner.events import told_to
    from vmevalkit.runner.inference import RunOptions, run_models
    from vmevalkit.tasks import BUILT_IN_DOMAINS

    _heading("create", "75 questions of five domains, each with exactly one solution")
    with shown("create") as progress:
        created = create_dataset(root, domains=BUILT_IN_DOMAINS, workers=workers, progress=progress)
    print(f"{created.made} questions made, {created.kept} kept: {root.questions}")

    _heading("run", f"five baseline models film them: {', '.join(BASELINES)}")
    with shown("run") as progress:
        filmed = run_models(root, DEFAULT_EXPERIMENT, BASELINES, RunOptions(workers=workers), watch=told_to(progress))
    print(f"{filmed.succeeded} videos made, {filmed.skipped} there already: {root.outputs}")

    _heading("evaluate", "the rule evaluator watches each video")
    with shown("evaluate") as progress:
        scored = evaluate_experiment(root, DEFAULT_EXPERIMENT, DEFAULT_EVALUATOR, workers=workers, progress=progress)
    print(
        f"{scored.scored} videos scored, {scored.errors} unreadable, {scored.kept} scored before: {root.evaluations}\n"
    )
    print_leaderboard(leaderboard(root, DEFAULT_EXPERIMENT))
    for failure in (*filmed.failures, *scored.failures):
        typer.echo(f"error: {failure}", err=True)
    if filmed.failed or scored.failed:
        raise typer.Exit(1)


def _push_and_version(root: "DataRoot", remote_folder: Path) -> None:
    from vmevalkit.settings import load_settings
    from vmevalkit.snapshots import add_version, describe, open_remote, push, read_log, tree_at, upload_shown

    _heading("push", "a snapshot of it all, and a version of the snapshot")
    remote = open_remote(remote_folder.resolve().as_uri(), load_settings(), create=True)
    with upload_shown() as progress:
        result = push(remote, tree_at(root.path), progress=progress)
    print(describe(result))
    if result.created:
        add_version(remote, result.snapshot, stats={"change": "The standard 75 questions"}, mirror=root)
    print_log(read_log(remote))


def _heading(verb: str, what: str) -> None:
    print(f"\n{verb}: {what}", flush=True)
