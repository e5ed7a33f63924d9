"""What a report says, before anybody decides how it looks."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from vmevalkit.analysis.comparison import Comparison, compare
from vmevalkit.analysis.curves import (
    Convergence,
    DifficultyCurve,
    ScoreDistribution,
    convergences,
    difficulty_curves,
    score_distributions,
)
from vmevalkit.analysis.leaderboard import Leaderboard, leaderboard_of
from vmevalkit.analysis.results import Results, check_experiment, evaluators_of, read_results
from vmevalkit.analysis.voices import Agreement, agreement_of
from vmevalkit.dataroot import DataRoot
from vmevalkit.errors import RecordError, UnknownNameError
from vmevalkit.progress import Progress

FIRST_EVALUATOR = "RuleEvaluator"
"""Comes first, where it has something to say; the only one if nobody has."""


@dataclass(frozen=True)
class Section:
    """One experiment as one evaluator sees it; models in the order of the leaderboard."""

    board: Leaderboard
    versions: tuple[str, ...]
    """Those of the evaluator that the scores come from."""
    earlier_runs: int
    """Runs that do not count because a later one of the same question does."""
    comparisons: tuple[Comparison, ...]
    difficulties: tuple[DifficultyCurve, ...]
    scores: tuple[ScoreDistribution, ...]
    convergences: tuple[Convergence, ...]


@dataclass(frozen=True)
class Report:
    """Everything: a section per experiment and evaluator, and who agrees with whom in each experiment."""

    sections: tuple[Section, ...]
    agreements: tuple[Agreement, ...]
    problems: tuple[RecordError, ...]
    """Files below the data root that cannot be read, the first thousand of each experiment; an evaluation among them
    counts as an error."""
    more_problems: int
    """How many more there are."""


def build_report(
    root: DataRoot,
    experiments: Sequence[str],
    evaluators: Sequence[str] | None = None,
    *,
    compared: Sequence[tuple[str, str]] | None = None,
    registered: Collection[str] = (),
    progress: Progress | None = None,
) -> Report:
    """Read experiments and compute everything that there is to say.

    Args:
        root: the data root.
        experiments: names of folders under ``outputs/``.
        evaluators: whose scores; all that have scored anything in an experiment if `None`.
        compared: which models to compare; every two if `None`.
        registered: evaluators that exist even though they have not scored anything.
        progress: told of every model and question.

    Raises:
        UsageError: there is no data root, or no experiment in it.
        UnknownNameError: an experiment, an evaluator or a model does not exist.

    """
    for experiment in experiments:
        check_experiment(root, experiment)
    _check_models(root, experiments, compared or ())
    unsure = evaluators is None or not set(registered).issuperset(evaluators)
    there = _evaluators(root, experiments) if unsure else {}
    known = {*registered, *(name for names in there.values() for name in names)}
    for evaluator in evaluators or ():
        if evaluator not in known:
            raise UnknownNameError("evaluator", evaluator, known)
    sections: list[Section] = []
    agreements: list[Agreement] = []
    problems: dict[str, RecordError] = {}
    more = 0
    for experiment in experiments:
        results = read_results(root, experiment, evaluators or there[experiment], progress=progress)
        sections += (_section(results, evaluator, compared) for evaluator in results.evaluators)
        agreement = agreement_of(results)
        if agreement.evaluators or agreement.raters:
            agreements.append(agreement)
        # A question that cannot be read is met again in every experiment. Its path is shown to strangers.
        below = (RecordError(_below(root, problem.path), problem.problem) for problem in results.problems)
        problems.update((str(problem), problem) for problem in below)
        more += results.problem_count - len(results.problems)
    return Report(tuple(sections), tuple(agreements), tuple(problems.values()), more)


def _section(results: Results, evaluator: str, compared: Sequence[tuple[str, str]] | None) -> Section:
    board = leaderboard_of(results, evaluator)
    place = {row.model: i for i, row in enumerate(board.rows)}
    best_first = tuple(place)
    if compared is None:
        pairs = [(a, b) for i, a in enumerate(best_first) for b in best_first[i + 1 :]]
    else:
        pairs = [(a, b) for a, b in compared if a in place and b in place]
    e = results.evaluators.index(evaluator)
    return Section(
        board=board,
        versions=results.versions[e],
        earlier_runs=results.earlier_runs[e],
        comparisons=compare(results, evaluator, pairs),
        difficulties=tuple(sorted(difficulty_curves(results, evaluator), key=lambda curve: place[curve.model])),
        scores=tuple(sorted(score_distributions(results, evaluator), key=lambda scores: place[scores.model])),
        convergences=tuple(sorted(convergences(results, evaluator), key=lambda curve: place[curve.model])),
    )


def _below(root: DataRoot, path: Path | str) -> Path:
    return Path(path).relative_to(root.path) if Path(path).is_relative_to(root.path) else Path(path)


def _evaluators(root: DataRoot, experiments: Sequence[str]) -> dict[str, list[str]]:
    questions = list(root.iter_pairs())
    found = {e: evaluators_of(root, e, root.models(e), questions) for e in experiments}
    return {
        experiment: sorted(names, key=lambda name: (name != FIRST_EVALUATOR, name)) or [FIRST_EVALUATOR]
        for experiment, names in found.items()
    }


def _check_models(root: DataRoot, experiments: Sequence[str], compared: Sequence[tuple[str, str]]) -> None:
    there = {model for experiment in experiments for model in root.models(experiment)}
    for pair in compared:
        for model in pair:
            if model not in there:
                raise UnknownNameError("model", model, there)
