"""``vmevalkit run`` and ``vmevalkit models``."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from vmevalkit.cli.options import (
    DEFAULT_EXPERIMENT,
    AsJson,
    DataDir,
    Domains,
    ExecutorName,
    Experiment,
    RayAddress,
    ShardText,
    Workers,
    chosen_workers,
    data_root,
    print_json,
    print_table,
    shard_of,
    split,
)

if TYPE_CHECKING:
    from vmevalkit.models import ModelEntry
    from vmevalkit.runner.events import Event, Watcher
    from vmevalkit.runner.inference import Inference, Outlook


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
    difficulty: Annotated[
        list[str] | None, typer.Option("--difficulty", help="Only questions of these difficulties: easy, medium, hard.")
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", help="At most so many questions of each domain.")] = None,
    shard: ShardText = None,
    runs: Annotated[
        int, typer.Option("--runs", min=1, help="How many videos of each question, each with a seed of its own.")
    ] = 1,
    seconds: Annotated[
        float | None,
        typer.Option(
            "--seconds",
            min=0.1,
            help="Length of the videos; a model that does not make it makes the nearest.  [default: the model's own]",
            show_default=False,
        ),
    ] = None,
    retry: Annotated[
        Literal["failed"] | None, typer.Option("--retry", help="Try once more where the last run failed.")
    ] = None,
    budget: Annotated[
        float | None, typer.Option("--budget", metavar="USD", min=0, help="Stop before more than this is spent.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be made, and what it costs by the list prices.")
    ] = False,
    events: Annotated[
        Path | None, typer.Option("--events", help="Append all that happens to this file, a line of JSON each.")
    ] = None,
    workers: Workers = None,
    executor: ExecutorName = "local",
    ray_address: RayAddress = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Have models film the questions.

    What has been filmed is not filmed again; after an interruption the same command goes on where it stopped, and jobs
    that a provider has accepted are not paid twice.
    """
    from vmevalkit.runner.hosted import Patience
    from vmevalkit.runner.inference import RunOptions, outlook, run_models
    from vmevalkit.settings import load_settings, secrets

    root = data_root(data_dir)
    settings = load_settings()
    names = split(model) or []
    options = RunOptions(
        domains=split(domains),
        task_ids=split(task_id),
        difficulties=split(difficulty),
        limit=limit,
        shard=shard_of(shard),
        runs=runs,
        seconds=seconds,
        retry=retry,
        budget=budget,
        workers=chosen_workers(workers, executor, ray_address),
        patience=Patience(poll_seconds=settings.poll_seconds),
    )
    own, keys = settings.models, secrets()
    if dry_run:
        _print_outlook(list(outlook(root, experiment, names, options, own=own, keys=keys)), as_json)
        return
    with _watched(events) as watch:
        done = run_models(root, experiment, names, options, own=own, keys=keys, watch=watch)
    _print_done(done, as_json)


def _print_done(done: "Inference", as_json: bool) -> None:
    if as_json:
        print_json(asdict(done))
    else:
        cost = f", ${done.cost_usd:.2f} spent" if done.cost_usd else ""
        before = f" ({done.failed_before} of them failed: --retry failed)" if done.failed_before else ""
        print(f"{done.succeeded} videos made, {done.skipped} there already{before}, {done.failed} failed{cost}")
    for line in (*done.failures, *done.stopped):
        print(f"error: {line}", file=sys.stderr)
    if done.failed > len(done.failures):
        print(f"error: and {done.failed - len(done.failures)} more", file=sys.stderr)
    if done.failed or done.stopped:
        raise typer.Exit(1)


def _print_outlook(found: "list[Outlook]", as_json: bool) -> None:
    from rich.table import Table

    if as_json:
        print_json([asdict(one) for one in found])
    else:
        table = Table("model", box=None)
        for name in ("new", "taken up", "unknown job", "there", "unreadable", "cost"):
            table.add_column(name, justify="right")
        table.add_column("")
        for one in found:
            cost = "unknown" if one.cost_usd is None else f"${one.cost_usd:.2f}"
            counts = (str(number) for number in (one.new, one.resumed, one.unknown, one.skipped, one.broken))
            table.add_row(one.model, *counts, "" if one.problem else cost, one.problem or "")
        print_table(table)
        print("Nothing was done.")
    if any(one.problem for one in found):
        raise typer.Exit(1)


@contextmanager
def _watched(log: Path | None) -> "Iterator[Watcher]":
    """Show how the models are getting on, and log it where that was asked for."""
    from vmevalkit.progress import shown
    from vmevalkit.runner.events import event_log, told_to

    with ExitStack() as stack:
        watchers: list[Watcher] = []
        if sys.stderr.isatty():
            from vmevalkit.cli._run_table import run_table

            watchers.append(stack.enter_context(run_table()))
        else:
            watchers.append(told_to(stack.enter_context(shown("run"))))
        if log is not None:
            watchers.append(stack.enter_context(event_log(log)))

        def watch(event: "Event") -> None:
            for watcher in watchers:
                watcher(event)

        yield watch


def models(
    provider: Annotated[
        str | None, typer.Option("--provider", help="Only models of this provider.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the video models: what they need, what they make, and what they cost."""
    from rich.table import Table

    from vmevalkit.errors import UnknownNameError
    from vmevalkit.models import catalogue, missing_keys
    from vmevalkit.settings import load_settings, secrets

    keys = secrets()
    found = list(catalogue(load_settings().models).values())
    if provider is not None:
        providers = {entry.provider for entry in found}
        if provider not in providers:
            raise UnknownNameError("provider", provider, providers)
        found = [entry for entry in found if entry.provider == provider]
    if as_json:
        print_json([_as_json(entry, missing_keys(entry, keys)) for entry in found])
        return
    table = Table("model", "needs", "sizes", "seconds", "$/s", "description", box=None)
    for entry in found:
        missing = missing_keys(entry, keys)
        needs = (
            "" if entry.retired else ", ".join(f"{name} (not set)" if name in missing else name for name in entry.needs)
        )
        sizes = ", ".join(f"{width}x{height}" for width, height in entry.limits.sizes[:6])
        sizes += ", ..." if len(entry.limits.sizes) > 6 else ""
        about = entry.description if entry.retired is None else f"{entry.description} Retired: {entry.retired}."
        table.add_row(entry.name, needs, sizes, _ranges(entry.limits.seconds), _price(entry), about)
    print_table(table)


def _price(entry: "ModelEntry") -> str:
    if entry.usd_per_second is not None:
        return f"{entry.usd_per_second:g}"
    cheapest = min((usd / seconds for (_, _, seconds), usd in entry.usd_per_video.items()), default=None)
    return "" if cheapest is None else f"from {cheapest:g}"


def _ranges(seconds: tuple[float, ...]) -> str:
    """Write 2, 3, 4, 5 as 2-5."""
    if len(seconds) > 2 and all(b - a == 1 for a, b in pairwise(seconds)):
        return f"{seconds[0]:g}-{seconds[-1]:g}"
    return ", ".join(f"{length:g}" for length in seconds)


def _as_json(entry: "ModelEntry", missing: list[str]) -> dict[str, object]:
    return {
        "name": entry.name,
        "provider": entry.provider,
        "model_id": entry.model_id,
        "version": entry.version,
        "description": entry.description,
        "needs": entry.needs,
        "missing": missing,
        "extra": entry.extra,
        **asdict(entry.limits),
        "usd_per_second": entry.usd_per_second,
        "usd_per_video": [
            {"width": width, "height": height, "seconds": seconds, "usd": usd}
            for (width, height, seconds), usd in entry.usd_per_video.items()
        ],
        "retired": entry.retired,
    }
