"""``vmevalkit evaluate``, ``vmevalkit evaluators`` and ``vmevalkit audit``."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vmevalkit.cli.options import (
    DEFAULT_EXPERIMENT,
    AsJson,
    DataDir,
    Domains,
    ExecutorName,
    Experiment,
    Models,
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
    from vmevalkit.evaluators import Evaluator
    from vmevalkit.runner.audit import Audit

DEFAULT_EVALUATOR = "RuleEvaluator"
EvaluatorName = Annotated[str, typer.Option("--evaluator", help="Name of the evaluator.")]
JudgeModel = Annotated[str | None, typer.Option("--judge-model", help="The model that a judge asks.")]
BaseUrl = Annotated[
    str | None, typer.Option("--base-url", help="The server that a judge asks, such as http://127.0.0.1:8000/v1.")
]
Options = Annotated[
    list[str] | None,
    typer.Option("--option", help="Any option of the evaluator, as NAME=VALUE; can be given several times."),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(evaluate)
    app.command()(evaluators)
    app.command()(audit)


def evaluate(
    experiment: Experiment = DEFAULT_EXPERIMENT,
    evaluator: EvaluatorName = DEFAULT_EVALUATOR,
    model: Models = None,
    domains: Domains = None,
    force: Annotated[bool, typer.Option("--force", help="Score again what has been scored.")] = False,
    judge_model: JudgeModel = None,
    base_url: BaseUrl = None,
    option: Options = None,
    budget: Annotated[
        float | None, typer.Option("--budget", min=0, help="Begin nothing more once so many US dollars are spent.")
    ] = None,
    shard: ShardText = None,
    workers: Workers = None,
    executor: ExecutorName = "local",
    ray_address: RayAddress = None,
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
    opened = _opened(evaluator, judge_model, base_url, option, root.state)
    with shown("evaluate") as progress:
        done = evaluate_experiment(
            root,
            experiment,
            opened,
            models=split(model),
            domains=split(domains),
            force=force,
            budget=budget,
            shard=shard_of(shard),
            workers=chosen_workers(workers, executor, ray_address),
            progress=progress,
        )
    if as_json:
        print_json(vars(done))
    else:
        cost = "" if done.cost_usd is None else f"; ${done.cost_usd:.2f}"
        review = f", {done.needs_review} for a person to look at" if done.needs_review else ""
        print(
            f"{done.scored} videos scored, {done.passed} of them solved{review}; "
            f"{done.errors} errors, {done.skipped} skipped, {done.kept} scored before{cost}"
        )
    if done.over_budget:
        typer.echo("The budget is spent; the same command with a larger one goes on from here.", err=True)
    for failure in done.failures:
        typer.echo(f"error: {failure}", err=True)
    if done.failed > len(done.failures):
        typer.echo(f"error: and {done.failed - len(done.failures)} more", err=True)
    if done.failed or done.over_budget:
        raise typer.Exit(1)


def evaluators(as_json: AsJson = False) -> None:
    """List the evaluators."""
    from rich.table import Table

    from vmevalkit.evaluators import evaluators as all_evaluators
    from vmevalkit.settings import load_settings

    entries = all_evaluators(load_settings().evaluators).values()
    if as_json:
        print_json([{"name": e.name, "kind": e.kind, "description": e.description} for e in entries])
        return
    table = Table("evaluator", "kind", "description", box=None)
    for entry in entries:
        table.add_row(entry.name, entry.kind, entry.description)
    print_table(table)


def audit(
    evaluator: EvaluatorName = DEFAULT_EVALUATOR,
    domains: Domains = None,
    kind: Annotated[
        list[str] | None,
        typer.Option("--kind", help="Only these kinds of films; give it once per kind or separate them by commas."),
    ] = None,
    questions: Annotated[int, typer.Option("--questions", min=1, help="Number of questions per domain.")] = 20,
    seed: Annotated[int, typer.Option("--random-seed", help="Decides which questions.")] = 7,
    judge_model: JudgeModel = None,
    base_url: BaseUrl = None,
    option: Options = None,
    least: Annotated[
        float, typer.Option("--least", min=0, max=1, help="The share of judged films that must be scored rightly.")
    ] = 0.995,
    keep: Annotated[
        Path | None, typer.Option("--keep", help="Keep the films that were scored wrongly in this folder.")
    ] = None,
    workers: Workers = None,
    executor: ExecutorName = "local",
    ray_address: RayAddress = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Check an evaluator with films whose worth is known.

    Questions are made and filmed in ten ways: rightly, and in nine ways that are no solution, such as a frozen first
    frame, a jump to the end, or a solution with one thing wrong. Only the first is to pass. Ends with 1 if the
    evaluator gets too many wrong.
    """
    from vmevalkit.progress import shown
    from vmevalkit.runner.audit import audit_evaluator

    opened = _opened(evaluator, judge_model, base_url, option, data_root(data_dir).state)
    with shown("audit") as progress:
        found = audit_evaluator(
            opened,
            domains=split(domains),
            kinds=split(kind),
            questions=questions,
            seed=seed,
            keep=keep,
            workers=chosen_workers(workers, executor, ray_address),
            progress=progress,
        )
    if as_json:
        print_json(asdict(found))
    else:
        print_audit(found)
    accuracies = [found.accuracy(domain) for domain in dict.fromkeys(tally.domain for tally in found.tallies)]
    if any(accuracy is None or accuracy < least for accuracy in accuracies):
        raise typer.Exit(1)


def _opened(
    name: str, judge_model: str | None, base_url: str | None, pairs: list[str] | None, state: Path
) -> "Evaluator":
    """Open an evaluator with the options of the command line."""
    from vmevalkit.errors import UsageError
    from vmevalkit.evaluators import evaluators, find_evaluator, open_evaluator
    from vmevalkit.settings import load_settings, secrets

    options: dict[str, Any] = {}
    for pair in pairs or ():
        key, equals, value = pair.partition("=")
        if not equals:
            raise UsageError(f"{pair!r} is no option", hint="say NAME=VALUE, such as frames=8")
        options[key.strip()] = value.strip()
    if judge_model is not None:
        options["model"] = judge_model
    if base_url is not None:
        options["base_url"] = base_url
    entry = find_evaluator(evaluators(load_settings().evaluators), name)
    return open_evaluator(entry, options=options, keys=secrets(), cache=state / f"{name}.answers.sqlite")


def print_audit(found: "Audit") -> None:
    """Print what an audit found as a table: films that pass, of those that could be judged."""
    from rich.table import Table

    from vmevalkit.runner.audit import ORACLE

    domains = list(dict.fromkeys(tally.domain for tally in found.tallies))
    table = Table(
        title=f"{found.evaluator} {found.version}: films that pass, of those judged "
        f"({found.questions} questions per domain, {' and '.join(found.conditions)})",
        title_justify="left",
    )
    table.add_column("film", style="bold")
    table.add_column("should")
    for heading in (*domains, "not judged"):
        table.add_column(heading, justify="right")
    tallies = {(tally.kind, tally.domain): tally for tally in found.tallies}
    for kind in dict.fromkeys(tally.kind for tally in found.tallies):
        row = [tallies.get((kind, domain)) for domain in domains]
        table.add_row(
            kind,
            "pass" if kind == ORACLE else "fail",
            *("-" if tally is None else f"{tally.passed} of {tally.judged}" for tally in row),
            f"{sum(tally.errors for tally in row if tally)} of {sum(tally.films for tally in row if tally)}",
        )
    table.add_section()
    rates = (found.accuracy(domain) for domain in domains)
    table.add_row("scored rightly", "", *("-" if rate is None else f"{rate:.2%}" for rate in rates), "")
    print_table(table)
    for finding in found.findings:
        kept = f" ({finding.video})" if finding.video else ""
        print(
            f"{finding.domain} {finding.index}, {finding.kind}, {finding.condition}: "
            f"scored {finding.score}: {finding.explanation}{kept}"
        )
    for reason, count in found.errors.items():
        print(f"not judged, {count} times: {reason}")
