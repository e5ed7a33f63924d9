"""``vmevalkit evaluate``, ``vmevalkit evaluators`` and ``vmevalkit report``."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from vmevalkit.cli.options import (
    DEFAULT_EXPERIMENT,
    AsJson,
    DataDir,
    Domains,
    Experiment,
    Models,
    Workers,
    data_root,
    print_json,
    print_plugins,
    print_table,
    split,
    worker_count,
)

if TYPE_CHECKING:
    from vmevalkit.analysis import Cell, Leaderboard

DEFAULT_EVALUATOR = "RuleEvaluator"
EvaluatorName = Annotated[str, typer.Option("--evaluator", help="Name of the evaluator.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(evaluate)
    app.command()(evaluators)
    app.command()(report)


def evaluate(
    experiment: Experiment = DEFAULT_EXPERIMENT,
    evaluator: EvaluatorName = DEFAULT_EVALUATOR,
    model: Models = None,
    domains: Domains = None,
    force: Annotated[bool, typer.Option("--force", help="Score again what has been scored.")] = False,
    workers: Workers = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Score the videos of an experiment from 1 to 5.

    4 and 5 count as solved. A video that cannot be judged gets the status error and no score. What this version of
    the evaluator has scored is not scored again.
    """
    from vmevalkit.progress import shown
    from vmevalkit.runner.evaluation import evaluate_experiment

    root = data_root(data_dir)
    with shown("evaluate") as progress:
        done = evaluate_experiment(
            root,
            experiment,
            evaluator,
            models=split(model),
            domains=split(domains),
            force=force,
            workers=worker_count(workers),
            progress=progress,
        )
    if as_json:
        print_json(vars(done))
    else:
        print(
            f"{done.scored} videos scored, {done.passed} of them solved; "
            f"{done.errors} errors, {done.skipped} skipped, {done.kept} scored before"
        )
    for failure in done.failures:
        typer.echo(f"error: {failure}", err=True)
    if done.failures:
        raise typer.Exit(1)


def evaluators(as_json: AsJson = False) -> None:
    """List the evaluators."""
    from vmevalkit.evaluators import EVALUATORS

    print_plugins("evaluator", EVALUATORS, as_json)


def report(
    experiment: Experiment = DEFAULT_EXPERIMENT,
    evaluator: EvaluatorName = DEFAULT_EVALUATOR,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Print the leaderboard of an experiment.

    The rate is the share of the scored questions that were solved. Errors and missing videos are counted apart.
    """
    from vmevalkit.analysis import leaderboard

    board = leaderboard(data_root(data_dir), experiment, evaluator)
    if as_json:
        print_json(_as_json(board))
    else:
        print_leaderboard(board)
    for problem in board.problems:
        typer.echo(f"error: {problem}", err=True)
    if board.problems:
        raise typer.Exit(1)


def print_leaderboard(board: "Leaderboard") -> None:
    """Print a leaderboard as a table."""
    from rich.table import Table

    table = Table(title=f"{board.experiment}, scored by {board.evaluator}", title_justify="left")
    table.add_column("model", style="bold")
    for heading in ("solved", "rate", *board.domains, "errors", "missing"):
        table.add_column(heading, justify="right")
    for row in board.rows:
        total = row.total
        table.add_row(
            row.model,
            f"{total.passed} of {total.scored}",
            "-" if total.rate is None else f"{total.rate:.0%}",
            *(
                f"{cell.passed}/{cell.scored}" if cell.scored else "-"
                for cell in (row.domains[domain] for domain in board.domains)
            ),
            str(total.errors),
            str(total.missing),
        )
    print_table(table)


def _as_json(board: "Leaderboard") -> dict[str, Any]:
    def cell(cell: "Cell") -> dict[str, Any]:
        return {**vars(cell), "missing": cell.missing, "rate": cell.rate}

    return {
        "experiment": board.experiment,
        "evaluator": board.evaluator,
        "models": [
            {
                "model": row.model,
                "total": cell(row.total),
                "domains": {domain: cell(row.domains[domain]) for domain in board.domains},
            }
            for row in board.rows
        ],
    }
