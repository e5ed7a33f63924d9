"""``vmevalkit diff``, ``verify`` and ``gc``: what is in the snapshots, whether it is whole, and what nobody needs."""

import sys
from contextlib import ExitStack
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vmevalkit.cli.options import (
    AsJson,
    JsonDocument,
    RemoteUrl,
    Snapshot,
    Yes,
    opened_remote,
    print_json,
    print_table,
    remote_and_snapshot,
    size_text,
)

if TYPE_CHECKING:
    from vmevalkit.snapshots import Amount, Change, ChangeSummary, Difference, Finding, Garbage, Manifest, Tree

_MARKS = {"added": "+", "changed": "~", "removed": "-", "moved": ">"}
_REASONS = {"abandoned": "a push that never ended", "unnamed": "no manifest names them"}


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(diff)
    app.command()(verify)
    app.command()(gc)


def diff(
    old: Annotated[
        str, typer.Argument(metavar="A", help="A snapshot, a version, archive/NAME or latest; also REMOTE@SNAPSHOT.")
    ],
    new: Annotated[
        str | None,
        typer.Argument(metavar="B", help="Another one.  [default: the files in the data root]", show_default=False),
    ] = None,
    data_dir: Annotated[
        Path | None,
        typer.Option(
            "--data-dir",
            help="The data root, or a folder in it, if there is no B.  [default: VMEVAL_DATA_DIR, or ./data]",
            show_default=False,
        ),
    ] = None,
    remote: RemoteUrl = None,
    summary_only: Annotated[
        bool, typer.Option("--summary", "--quiet", "-q", help="Print only the table at the end.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show what has changed from one snapshot to another, or to the files in the data root.

    A line per file: + added, - removed, ~ changed, > moved. Then a table by domain and experiment.
    """
    from vmevalkit.errors import UsageError
    from vmevalkit.progress import shown
    from vmevalkit.settings import load_settings
    from vmevalkit.snapshots import chosen_tree, difference, fetched_manifest

    if new is not None and data_dir is not None:
        raise UsageError("--data-dir is for comparing one snapshot with files", hint="leave B or --data-dir away")
    with ExitStack() as stack:

        def snapshot(name: str) -> "Manifest":
            return stack.enter_context(fetched_manifest(*remote_and_snapshot(remote, name), checked=False))

        before = snapshot(old)
        after = snapshot(new) if new is not None else chosen_tree(data_dir, load_settings().data_dir)
        with shown("compare") as progress:
            found = stack.enter_context(difference(before, after, progress))
        summary = found.summary()
        if as_json:
            _print_difference_as_json(before, after, found, summary, with_changes=not summary_only)
            return
        if not summary_only:
            for change in found.changes():
                print(_line(change))
        _print_summary(before, after, found, summary)


def _line(change: "Change") -> str:
    old = f"{change.old_path} -> " if change.old_path is not None else ""
    return f"{_MARKS[change.kind]} {old}{change.path}"


def _print_summary(old: "Manifest", new: "Manifest | Tree", found: "Difference", summary: "ChangeSummary") -> None:
    from rich.table import Table

    from vmevalkit.snapshots import CHANGE_KINDS

    sides = f"{_label(old)} → {_label(new)}"
    if found.scope:
        sides += f", only {found.scope}"
    if not summary.parts:
        print(f"{sides}: no difference in {found.unchanged.files} files")
        return
    table = Table("", *CHANGE_KINDS, box=None)
    for column in table.columns[1:]:
        column.justify = "right"
    for part, amounts in [*summary.parts.items(), ("all", summary.total)]:
        table.add_row(part, *(_cell(amounts.get(kind)) for kind in CHANGE_KINDS))
    print_table(table)
    counts = ", ".join(f"{summary.total[kind].files} {kind}" for kind in CHANGE_KINDS)
    print(f"{sides}: {counts}, {found.unchanged.files} the same")


def _label(side: "Manifest | Tree") -> str:
    from vmevalkit.snapshots import Manifest

    return side.header.snapshot if isinstance(side, Manifest) else str(side.root.path)


def _cell(amount: "Amount | None") -> str:
    return f"{amount.files} ({size_text(amount.bytes)})" if amount is not None and amount.files else ""


def _print_difference_as_json(
    old: "Manifest", new: "Manifest | Tree", found: "Difference", summary: "ChangeSummary", *, with_changes: bool
) -> None:
    """Print an object with a change per line, never all of them in memory."""

    def side(which: "Manifest | Tree") -> dict[str, str]:
        from vmevalkit.snapshots import Manifest

        if isinstance(which, Manifest):
            return {"snapshot": which.header.snapshot, "manifest": which.name}
        return {"folder": str(which.root.path)}

    def amounts(part: "dict[Any, Amount]") -> dict[str, dict[str, int]]:
        return {kind: amount._asdict() for kind, amount in part.items()}

    head = {
        "old": side(old),
        "new": side(new),
        "scope": found.scope,
        "unchanged": found.unchanged._asdict(),
        "total": amounts(summary.total),
        "parts": {part: amounts(kinds) for part, kinds in summary.parts.items()},
    }
    if not with_changes:
        print_json(head)
        return
    document = JsonDocument(head, "changes")
    for change in found.changes():
        document.add({name: value for name, value in asdict(change).items() if value is not None})
    document.end()


def verify(
    snapshot: Snapshot = "latest",
    remote: RemoteUrl = None,
    deep: Annotated[bool, typer.Option("--deep", help="Read every file and compare it with its sha256.")] = False,
    as_json: AsJson = False,
) -> None:
    """Check that a snapshot is whole: every file that its manifest names is there, with its size.

    Where the store's ETags are MD5s they are compared as well.
    """
    from vmevalkit.progress import shown
    from vmevalkit.snapshots import verify as verify_snapshot

    def report(finding: "Finding") -> None:
        # Not with typer's echo, which would write into the line of the progress bar.
        print(f"error: {finding.path}: {finding.problem}", file=sys.stderr)

    store, name = remote_and_snapshot(remote, snapshot)
    with shown("verify") as progress:
        result = verify_snapshot(store, name, deep=deep, report=report, progress=progress)
    if result.extra:
        note = f"{result.extra} objects in {result.s3_uri} are not in its manifest"
        typer.echo(f"note: {note}: 'vmevalkit gc' removes those that no snapshot needs", err=True)
    if as_json:
        print_json({**asdict(result), "failed": result.failed})
    else:
        part = f" of {result.scope}" if result.scope else ""
        sizes = f"{result.files} files{part} ({size_text(result.bytes)})"
        counts = ", ".join(f"{count} {kind}" for kind, count in sorted(result.counts.items()))
        well = "have been read and are as they were pushed" if deep else "are there with their sizes"
        print(f"{name}: {sizes}: {counts}" if result.failed else f"{name}: {sizes} {well}")
    if result.failed:
        raise typer.Exit(1)


def gc(
    remote: RemoteUrl = None,
    grace: Annotated[
        float, typer.Option("--grace", metavar="HOURS", min=0, help="Leave alone what is younger than this.")
    ] = 24,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Delete what no snapshot needs: leftovers of pushes that died, and objects that no manifest names.

    What any manifest names is never touched, nor are folders that do not look like snapshots. Without --yes it only
    says what would go.
    """
    from vmevalkit.errors import UsageError
    from vmevalkit.progress import shown
    from vmevalkit.snapshots import Deleted, find_garbage

    try:
        age = timedelta(hours=grace)
    except (OverflowError, ValueError) as error:
        raise UsageError(f"--grace {grace} is no number of hours") from error
    store = opened_remote(remote)
    with ExitStack() as stack:
        with shown("gc") as progress:
            garbage = stack.enter_context(find_garbage(store, grace=age, progress=progress))
        for note in garbage.notes:
            typer.echo(f"note: {note}", err=True)
        if not as_json:
            _print_garbage(garbage)
        deleted = Deleted(0, 0, ())
        if yes and garbage.parts:
            with shown("delete") as progress:
                deleted = garbage.delete(progress)
    for note in deleted.left:
        typer.echo(f"note: {note}", err=True)
    if as_json:
        fields = {
            "remote": store.url,
            "parts": [{**asdict(part), "newest": part.newest.isoformat()} for part in garbage.parts],
            "objects": garbage.objects,
            "bytes": garbage.bytes,
            "deleted_objects": deleted.objects,
            "deleted_bytes": deleted.bytes,
            "notes": [*garbage.notes, *deleted.left],
            "problems": garbage.problems,
        }
        print_json(fields)
    elif yes and garbage.parts:
        print(f"Deleted {deleted.objects} objects ({size_text(deleted.bytes)}).")
    elif garbage.parts:
        size = f"{garbage.objects} objects ({size_text(garbage.bytes)})"
        print(f"{size} can go. Nothing was done: --yes deletes them.")
    for problem in garbage.problems:
        typer.echo(f"error: {problem}", err=True)
    if garbage.problems:
        typer.echo("hint: what these manifests name is not known, so nothing was deleted", err=True)
        raise typer.Exit(1)


def _print_garbage(garbage: "Garbage") -> None:
    from rich.table import Table

    if garbage.parts:
        table = Table("snapshot", "objects", "size", "newest (UTC)", "why", box=None)
        for part in garbage.parts:
            newest = f"{part.newest:%Y-%m-%d %H:%M}"
            table.add_row(part.snapshot, str(part.objects), size_text(part.bytes), newest, _REASONS[part.why])
        print_table(table)
    elif not garbage.problems:
        print("There is nothing to delete.")
