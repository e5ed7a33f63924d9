"""``vmevalkit migrate``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vmevalkit.cli.options import AsJson, DataDir, Yes, data_root, print_json, print_table

if TYPE_CHECKING:
    from rich.table import Table

    from vmevalkit.migration import Plan

_MOST_PROBLEMS = 50
_GROUPS = {"questions": "domain", "runs": "experiment", "evaluations": "experiment"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(migrate)


def migrate(
    source: Annotated[
        Path | None,
        typer.Argument(help="What to migrate.  [default: old_structure in the data root]", show_default=False),
    ] = None,
    layout: Annotated[
        str,
        typer.Option(
            "--from",
            help="Its layout: vmevalkit, vbvr, imagefolder or json; of exports hf, parquet, webdataset or jsonl; "
            "auto looks which one it is.",
        ),
    ] = "auto",
    link: Annotated[
        bool,
        typer.Option("--link", help="Make hard links instead of copies where that can be; needs no room on the disk."),
    ] = False,
    data_dir: DataDir = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Bring questions, runs and scores of another layout into the data root.

    The source is left as it is. What is in the data root already is left alone, too: the same is passed over, something
    else in its place is a conflict. Repeated after an interruption, the command goes on where it stopped.
    """
    from vmevalkit.cli._export_sources import export_sources
    from vmevalkit.migration import SOURCES, plan_migration
    from vmevalkit.migration import migrate as bring
    from vmevalkit.migration.migrate import OLD_STRUCTURE
    from vmevalkit.progress import shown

    root = data_root(data_dir)
    if source is None:
        source = root.path / OLD_STRUCTURE
        layout = "json" if layout == "auto" else layout
    # Exports say what they are, so they are looked for first.
    sources = (*export_sources(), *SOURCES)
    with shown("migrate" if yes else "look") as progress:
        if yes:
            done: Plan = bring(source, root, layout=layout, link=link, sources=sources, progress=progress)
        else:
            done = plan_migration(source, root, layout=layout, sources=sources, progress=progress)
    if as_json:
        print_json(_as_json(done, is_plan=not yes))
    else:
        _show(done, is_plan=not yes)
    if done.problem_counts:
        raise typer.Exit(1)


def _show(plan: "Plan", *, is_plan: bool) -> None:
    from vmevalkit.migration import KINDS

    print(f"{plan.path}: layout {plan.source}")
    if any(plan.found[kind] for kind in KINDS):
        print_table(_table(plan, is_plan=is_plan))
    for problem in plan.problems[:_MOST_PROBLEMS]:
        typer.echo(f"{problem.kind}: {problem.path}: {problem.why}", err=True)
    count = sum(plan.problem_counts.values())
    if count > _MOST_PROBLEMS:
        typer.echo(f"... and {count - _MOST_PROBLEMS} more; --json lists them", err=True)
    size = f"{plan.new_bytes / 1e6:.1f} MB" if plan.new_bytes >= 1e5 else f"{plan.new_bytes / 1e3:.1f} kB"
    if plan.is_done:
        print("Nothing left to bring along.")
    elif is_plan:
        print(f"{size} to bring along. Nothing was done: --yes does it.")
    else:
        print(f"{size} brought along.")


def _table(plan: "Plan", *, is_plan: bool) -> "Table":
    from rich.table import Table

    from vmevalkit.migration import KINDS

    table = Table("", "domain or experiment", "to bring" if is_plan else "brought", "there", "conflicts", box=None)
    for kind in KINDS:
        for name, tally in plan.found[kind].items():
            table.add_row(kind, name, str(tally.new), str(tally.there), str(tally.conflicts))
    return table


def _as_json(plan: "Plan", *, is_plan: bool) -> dict[str, Any]:
    return {
        "layout": plan.source,
        "path": str(plan.path),
        "done": not is_plan,
        **{
            kind: [{_GROUPS[kind]: name, **vars(tally)} for name, tally in groups.items()]
            for kind, groups in plan.found.items()
        },
        "bytes": plan.new_bytes,
        "problem_counts": dict(plan.problem_counts),
        "problems": [vars(problem) for problem in plan.problems],
    }
