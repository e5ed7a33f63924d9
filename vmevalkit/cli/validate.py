"""``vmevalkit validate``."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from vmevalkit.cli.options import (
    AsJson,
    DataDir,
    ExecutorName,
    JsonDocument,
    RayAddress,
    RemoteUrl,
    Workers,
    Yes,
    chosen_workers,
    data_root,
    print_table,
    remote_and_snapshot,
    split,
)

if TYPE_CHECKING:
    from vmevalkit.dataroot import DataRoot
    from vmevalkit.integrity import Code, Finding, Repair


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(validate)


def validate(
    deep: Annotated[
        bool, typer.Option("--deep", help="Read, hash and decode every file, and prove every solution anew.")
    ] = False,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only", metavar="CODE", help="Only these kinds of findings, separated by commas.", show_default=False
        ),
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", min=0, help="Print at most so many findings, 0 for all; all are counted.")
    ] = 100,
    against_snapshot: Annotated[
        str | None,
        typer.Option(
            "--against-snapshot",
            metavar="SNAPSHOT",
            help="Compare with a snapshot, a version or latest, too; also REMOTE@SNAPSHOT. Needs --deep.",
            show_default=False,
        ),
    ] = None,
    remote: RemoteUrl = None,
    fix: Annotated[
        bool, typer.Option("--fix", help="Show what can be derived from other files: the manifest and the index.")
    ] = False,
    yes: Yes = False,
    workers: Workers = None,
    executor: ExecutorName = "local",
    ray_address: RayAddress = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Look through the data root for what is lost, damaged or contradicts itself.

    Without --deep, that are names, sizes, JSON files, prompts and the headers of pictures. Nothing is changed, unless
    --fix is given with --yes. The exit status is 1 if there are errors; warnings alone are none.
    """
    from vmevalkit.dataroot import exclusive
    from vmevalkit.errors import UsageError
    from vmevalkit.integrity import Options, plan_repairs, repair
    from vmevalkit.integrity import validate as validate_root
    from vmevalkit.progress import shown
    from vmevalkit.snapshots import fetched_manifest

    if yes and not fix:
        raise UsageError("--yes is for --fix", hint="say --fix --yes")
    if remote is not None and against_snapshot is None:
        raise UsageError("--remote is for --against-snapshot", hint="say --against-snapshot latest")
    if against_snapshot is not None and not deep:
        raise UsageError("--against-snapshot compares what files hold", hint="say --deep, too")
    root = data_root(data_dir).existing()
    options = Options(deep=deep, only=_codes(only), workers=chosen_workers(workers, executor, ray_address))
    report = _Report(root, deep=deep, limit=limit, as_json=as_json)
    done: list[Repair] = []
    with ExitStack() as stack:
        snapshot = None
        if against_snapshot is not None:
            store, name = remote_and_snapshot(remote, against_snapshot)
            snapshot = stack.enter_context(fetched_manifest(store, name, checked=False))
        if yes:
            # From the first look to the last repair, so that what was planned is what is done.
            stack.enter_context(exclusive(root.lock("create"), f"creating questions in {root.path}"))
        report.begin()
        stack.push(report.broken_off)
        with shown("validate") as progress:
            for finding in validate_root(root, options, snapshot=snapshot, progress=progress):
                report.add(finding)
        repairs = plan_repairs(root, report.counts) if fix else []
        report.summarize(repairs, asked=fix)
        for planned in repairs:
            if yes and planned.obstacle is None:
                repair(root, planned)
                done.append(planned)
        report.end(repairs, done, asked=fix)
    settled = {code for planned in done for code in planned.settles}
    if report.errors(but=settled):
        raise typer.Exit(1)


def _codes(only: list[str] | None) -> "frozenset[Code] | None":
    from vmevalkit.errors import UnknownNameError
    from vmevalkit.integrity import Code

    names = split(only)
    if names is None:
        return None
    known = {code.value: code for code in Code}
    for name in names:
        if name not in known:
            raise UnknownNameError("kind of finding", name, known)
    return frozenset(known[name] for name in names)


class _Report:
    """Prints findings as they come, and what they come to; as text or as one JSON document with a finding per line."""

    def __init__(self, root: "DataRoot", *, deep: bool, limit: int, as_json: bool) -> None:
        self.counts: Counter[Code] = Counter()
        self._root, self._deep, self._limit, self._as_json = root, deep, limit, as_json
        self._document: JsonDocument | None = None

    def begin(self) -> None:
        """Print what comes before the findings."""
        if self._as_json:
            self._document = JsonDocument({"data_root": str(self._root.path), "deep": self._deep}, "findings")

    def add(self, finding: "Finding") -> None:
        """Count a finding, and print it unless there are too many."""
        number = self.counts.total()
        self.counts[finding.code] += 1
        if self._limit and number >= self._limit:
            return
        # Not with typer's echo, which would write into the line of the progress bar.
        if self._document is not None:
            self._document.add(finding.to_json())
        else:
            print(f"{finding.severity}: {finding} [{finding.code}]")

    def broken_off(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """Complete the JSON document if an error ends the command in its middle."""
        from vmevalkit.errors import VMEvalError

        if self._document is not None and isinstance(error, VMEvalError):
            self._document.end({"error": error.message})

    def errors(self, but: "set[Code] | frozenset[Code]" = frozenset()) -> int:
        """Return the number of errors of other kinds than these."""
        return sum(count for code, count in self.counts.items() if code.severity == "error" and code not in but)

    def summarize(self, repairs: "list[Repair]", *, asked: bool) -> None:
        """Print what was found by kind, and what can be repaired."""
        if self._as_json:
            return
        if self.counts:
            self._table()
        else:
            print(f"{self._root.path}: nothing is wrong" + ("" if self._deep else " (--deep reads all files)"))
        for one in repairs:
            print(f"repair: {one.sentence}")
            if one.obstacle:
                typer.echo(f"note: that is not possible: {one.obstacle}", err=True)
        if asked and not repairs:
            print("There is nothing that --fix can derive from other files.")

    def end(self, repairs: "list[Repair]", done: "list[Repair]", *, asked: bool) -> None:
        """Print what was repaired."""
        if self._document is None:
            if done:
                print("Repaired.")
            elif any(one.obstacle is None for one in repairs):
                print("Nothing was changed: --yes does it.")
            return
        tail: dict[str, object] = {
            "summary": {code.value: count for code, count in self._sorted()},
            "errors": self.errors(),
            "warnings": self.counts.total() - self.errors(),
        }
        if asked:
            tail["repairs"] = [
                {"what": one.what, "plan": one.sentence, "obstacle": one.obstacle, "done": one in done}
                for one in repairs
            ]
        self._document.end(tail)

    def _table(self) -> None:
        from rich.table import Table

        total = self.counts.total()
        if self._limit and total > self._limit:
            print(f"... and {total - self._limit} more (--limit 0 prints all)")
        print()
        table = Table("", "code", "what to do", box=None)
        table.columns[0].justify = "right"
        for code, count in self._sorted():
            table.add_row(str(count), code.value, code.fix)
        print_table(table)
        print(f"{self._root.path}: errors: {self.errors()}, warnings: {total - self.errors()}")

    def _sorted(self) -> "Iterator[tuple[Code, int]]":
        """Yield the kinds that were found, errors first, and most first."""
        yield from sorted(self.counts.items(), key=lambda item: (item[0].severity, -item[1], item[0]))
