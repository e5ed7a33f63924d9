"""``vmevalkit retain``, ``archive``, ``unarchive`` and ``clean``: what becomes of data over the years."""

import json
import sys
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import asdict, replace
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vmevalkit.cli.options import (
    AsJson,
    DataDir,
    JsonDocument,
    RemoteUrl,
    Yes,
    data_root,
    opened_remote,
    print_json,
    print_table,
    size_text,
)

if TYPE_CHECKING:
    from rich.table import Table

    from vmevalkit.lifecycle import ArchivePlan, Cleanup, Junk, Retained, RetentionPlan

_OLD_DAYS = 30
_MOST_LINES = 20


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(retain)
    app.command()(archive)
    app.command()(unarchive)
    app.command()(clean)


def retain(
    snapshot: Annotated[
        str, typer.Option("--snapshot", help="The snapshot that has to hold what goes; also a version or archive/NAME.")
    ] = "latest",
    force: Annotated[
        bool, typer.Option("--force", help="Remove what is due even if no snapshot holds it; no remote is asked.")
    ] = False,
    data_dir: DataDir = None,
    remote: RemoteUrl = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Remove old runs, evaluations and temporary files, as the table [retention] of vmevalkit.toml says.

    A run or an evaluation only goes if the latest snapshot holds it with the same bytes; these are read back first.
    What went, when, and where it is, is noted in retention.jsonl in the data root. Questions are never removed.
    """
    from vmevalkit.errors import UsageError
    from vmevalkit.lifecycle import Policies, plan_retention
    from vmevalkit.progress import shown
    from vmevalkit.settings import load_settings
    from vmevalkit.snapshots import resolve

    if force and (remote is not None or snapshot != "latest"):
        raise UsageError("--force asks no remote", hint="leave --remote and --snapshot away")
    policies = Policies.of(load_settings())
    root = data_root(data_dir).existing()
    store = None if force else opened_remote(remote)
    chosen = None if store is None or snapshot == "latest" else resolve(store, snapshot)
    with ExitStack() as stack:
        with shown("plan") as progress:
            plan = stack.enter_context(plan_retention(root, policies, store, snapshot=chosen, progress=progress))
        if not as_json:
            _print_due(plan)
        if not yes:
            _print_retention(plan, plan.preview(), as_json)
            return
        with shown("retain") as progress:
            done = plan.apply(progress)
        _print_retention(plan, done, as_json)
    failed = done.failed + done.temp.failed
    _tell((*done.failures, *done.temp.failures), failed, [*done.busy, *done.temp.busy])
    _end(failed)


def archive(
    experiments: Annotated[
        list[str] | None, typer.Argument(metavar="[EXPERIMENT]...", help="Which.  [default: all that are old enough]")
    ] = None,
    older_than: Annotated[
        float | None,
        typer.Option(
            "--older-than",
            metavar="DAYS",
            min=0,
            help="Only if nothing was written to it for so long.  [default: 30, if no experiment is named]",
            show_default=False,
        ),
    ] = None,
    data_dir: DataDir = None,
    remote: RemoteUrl = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Move experiments, with their evaluations, to the remote.

    Each is pushed to archive/EXPERIMENT, every byte is read back, and only then it is removed here. A small file
    stays that says where it is, and 'vmevalkit unarchive' brings it back.
    """
    from vmevalkit.errors import VMEvalError
    from vmevalkit.lifecycle import archive as archive_one
    from vmevalkit.lifecycle import is_outage, plan_archive
    from vmevalkit.progress import shown

    root = data_root(data_dir).existing()
    store = opened_remote(remote, create=True)
    days = older_than if older_than is not None or experiments else _OLD_DAYS
    plans = plan_archive(root, store, experiments or None, days_old=days)
    for name in set(experiments or ()) - {plan.experiment for plan in plans}:
        typer.echo(f"note: {name} is archived already, is too young, or has no files", err=True)
    if not yes:
        _print_archive_plan(plans, as_json)
        return
    if not as_json and plans:
        print_table(_archive_table(plans))
    results, failures, failed, outage = [], [], 0, None
    for plan in plans:
        problem = plan.problem or outage
        if problem is not None:
            failures.append(f"{plan.experiment}: {problem}")
            failed += 1
            continue
        try:
            with shown(f"archive {plan.experiment}") as progress:
                result = archive_one(root, store, plan.experiment, progress=progress)
        except VMEvalError as error:
            failures.append(f"{plan.experiment}: {error.message}")
            failed += 1
            if is_outage(error):
                outage = "was not begun, as the remote fails"
            continue
        results.append(result)
        failures += result.failures
        failed += result.failed
        if not as_json:
            print(f"{result.experiment}: {result.removed} files removed; they are at {result.s3_uri}")
    if as_json:
        print_json(
            {"remote": store.url, "archived": [asdict(one) for one in results], "failed": failed, "failures": failures}
        )
    elif not plans:
        print("There is nothing to archive.")
    _tell(failures, failed)
    _end(failed)


def unarchive(
    experiment: Annotated[str, typer.Argument(help="The archived experiment.")],
    remove_remote: Annotated[
        bool, typer.Option("--remove-remote", help="Delete the archive when everything is back.")
    ] = False,
    data_dir: DataDir = None,
    remote: RemoteUrl = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Bring an archived experiment back, each file compared with its sha256."""
    from vmevalkit.lifecycle import plan_unarchive, stub_of
    from vmevalkit.lifecycle import unarchive as bring_back
    from vmevalkit.progress import shown

    root = data_root(data_dir)
    store = opened_remote(remote or stub_of(root, experiment).remote)
    if not yes:
        plan = plan_unarchive(root, store, experiment, remove_remote=remove_remote)
        if as_json:
            print_json({**asdict(plan), "done": False})
            return
        print(f"{experiment}: {plan.files} files ({size_text(plan.bytes)}) would come back from {plan.s3_uri}.")
        if remove_remote:
            print("The archive would be deleted there.")
        if plan.problem:
            print(f"Not now: {plan.problem}.")
        print("Nothing was done: --yes brings them back.")
        return
    with shown("unarchive") as progress:
        result = bring_back(root, store, experiment, remove_remote=remove_remote, progress=progress)
    if as_json:
        print_json({**asdict(result), "done": not result.failed})
    else:
        size = size_text(result.written_bytes)
        print(f"{experiment}: {result.written} files came back ({size}), {result.skipped} were here already")
    _tell(result.failures, result.failed)
    _end(result.failed)


def clean(
    older_than: Annotated[
        int | None,
        typer.Option(
            "--older-than",
            metavar="DAYS",
            min=0,
            help="Age of *.tmp and *.cache that go.  [default: temp in [retention] of vmevalkit.toml, or 7]",
            show_default=False,
        ),
    ] = None,
    data_dir: DataDir = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Remove *.tmp, *.cache, __pycache__ and .DS_Store from the data root.

    What ends in .tmp or .cache has to be old, as it could be in use. Experiments in which somebody is at work are
    left alone, and so is all that belongs to the data, whatever it is called.
    """
    from vmevalkit.lifecycle import Policies, cleanup_temp_files
    from vmevalkit.settings import load_settings

    policies = Policies.of(load_settings())
    if older_than is not None:
        policies = replace(policies, temp=older_than)
    found = _Lines(as_json)
    done = cleanup_temp_files(data_root(data_dir), policies=policies, dry_run=not yes, report=found.add)
    if as_json:
        found.end(_cleanup_fields(done))
    else:
        count = sum(done.counts.values())
        if yes or not count:
            print(f"Removed {count} ({size_text(done.bytes)})." if count else "There is nothing to clean up.")
        else:
            print(f"{count} can go ({size_text(done.bytes)}). Nothing was done: --yes removes them.")
    _tell(done.failures, done.failed, done.busy)
    _end(done.failed)


class _Lines:
    """Prints what goes as it is found: a line each, or an element of an array in JSON."""

    def __init__(self, as_json: bool) -> None:
        self._as_json, self._separator = as_json, '{\n  "found": [\n    '

    def add(self, junk: "Junk") -> None:
        if not self._as_json:
            print(f"- {junk.path} ({size_text(junk.bytes)}, {junk.age_days:g} days)")
            return
        print(self._separator + json.dumps(asdict(junk), ensure_ascii=False), end="")
        self._separator = ",\n    "

    def end(self, fields: dict[str, Any]) -> None:
        opening = self._separator.rstrip() if self._separator.startswith("{") else "\n  "
        rest = json.dumps(fields, indent=2, ensure_ascii=False).removeprefix("{")
        print(f"{opening}],{rest}")


def _print_retention(plan: "RetentionPlan", done: "Retained", as_json: bool) -> None:
    if not as_json:
        what = f"{done.removed} runs and evaluations ({size_text(done.removed_bytes)})"
        temp = f"{sum(done.temp.counts.values())} temporary files ({size_text(done.temp.bytes)})"
        if done.dry_run:
            _tell(done.temp.failures, done.temp.failed, done.busy)
            _list((f"note: {problem}: it stays" for problem in done.failures), done.failed)
            if done.failures and done.remote is not None and done.snapshot is None:
                print("hint: 'vmevalkit push' makes a snapshot", file=sys.stderr)
            print(f"{what} and {temp} can go. Nothing was done: --yes removes them.")
        else:
            print(f"Removed {what} and {temp}.")
        return
    fields = {**asdict(done), "temp": _cleanup_fields(done.temp)}
    document = JsonDocument(fields, "units")
    for due in plan.units():
        document.add(asdict(due))
    document.end()


def _print_due(plan: "RetentionPlan") -> None:
    from rich.table import Table

    if not plan.parts:
        return
    table = Table("section", "experiment", "kept for", box=None)
    for name in ("go", "files", "size", "stay"):
        table.add_column(name, justify="right")
    for part in plan.parts:
        stay = "busy" if part.busy else str(part.stay or "")
        table.add_row(
            part.section,
            part.experiment,
            f"{part.days} days",
            str(part.units),
            str(part.files),
            size_text(part.bytes),
            stay,
        )
    print_table(table)


def _print_archive_plan(plans: "list[ArchivePlan]", as_json: bool) -> None:
    if as_json:
        print_json([{**asdict(plan), "newest": plan.newest and plan.newest.isoformat()} for plan in plans])
        return
    if not plans:
        print("There is nothing to archive.")
        return
    print_table(_archive_table(plans))
    going = [plan for plan in plans if plan.problem is None]
    size = size_text(sum(plan.bytes for plan in going))
    print(f"{len(going)} can go to the remote ({size}). Nothing was done: --yes archives them.")


def _archive_table(plans: "list[ArchivePlan]") -> "Table":
    from rich.table import Table

    table = Table("experiment", "files", "size", "newest (UTC)", "goes to", "", box=None)
    for plan in plans:
        note = plan.problem or ("only what is left here has to go" if plan.action == "finish" else "")
        newest = f"{plan.newest:%Y-%m-%d %H:%M}" if plan.newest else ""
        table.add_row(plan.experiment, str(plan.files), size_text(plan.bytes), newest, plan.s3_uri, note)
    return table


def _cleanup_fields(done: "Cleanup") -> dict[str, Any]:
    fields = asdict(done)
    del fields["removed"]
    return fields


def _tell(failures: Iterable[str], failed: int, busy: Iterable[str] = ()) -> None:
    for name in sorted({name.removeprefix("experiment ") for name in busy}):
        print(f"note: somebody is at work in {name}: it was left alone", file=sys.stderr)
    _list((f"error: {failure}" for failure in failures), failed)


def _list(lines: Iterable[str], count: int) -> None:
    """Print the first of so many lines, and how many more there are."""
    for line in islice(lines, _MOST_LINES):
        print(line, file=sys.stderr)
    if count > _MOST_LINES:
        print(f"... and {count - _MOST_LINES} more; --json lists them", file=sys.stderr)


def _end(failed: int) -> None:
    if failed:
        raise typer.Exit(1)
