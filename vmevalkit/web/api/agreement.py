"""``/api/agreement``: how far evaluators agree with each other, and raters among themselves."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from statistics import median_low
from typing import Annotated, Any, Self

from fastapi import APIRouter, Query

from vmevalkit.analysis.agreement import Coefficient, cohen_kappa, krippendorff_alpha, percent_agreement
from vmevalkit.dataroot import PASS_SCORE, RunKey
from vmevalkit.web.api._bodies import RESPONSES, Body, example, known_experiment
from vmevalkit.web.api._parameters import ExperimentName, Parameters
from vmevalkit.web.dashboard import Dashboard
from vmevalkit.web.kept import Kept
from vmevalkit.web.scores import ScoreReader

MOST_RUNS = 1000
"""How many runs are read."""
MOST_VOICES = 30
"""How many evaluators, or raters of one, are compared with each other."""
_KEPT_SECONDS = 5.0
_SCORES = (1, 2, 3, 4, 5)
_EXAMPLE_COEFFICIENT: dict[str, Any] = {"value": 0.71, "items": 150, "low": 0.6, "high": 0.81, "reason": None}
_EXAMPLE_PAIR: dict[str, Any] = {
    "first": "RuleEvaluator",
    "second": "gpt-4o",
    "runs": 150,
    "same_verdict": {**_EXAMPLE_COEFFICIENT, "value": 0.88, "low": None, "high": None},
    "kappa": {**_EXAMPLE_COEFFICIENT, "low": None, "high": None},
    "weighted_kappa": {**_EXAMPLE_COEFFICIENT, "low": None, "high": None},
}

Scores = dict[int, int]
"""Run to score."""


class AgreementParameters(Parameters):
    """What ``/api/agreement`` can be asked."""

    experiment: ExperimentName = None


class MeasureBody(Body):
    """A measure of agreement: 1 is perfect, 0 is chance; of a share, 0 is never."""

    value: float | None
    items: int
    """Runs that it stands on."""
    low: float | None
    """Of its 95 % interval, where there is one."""
    high: float | None
    reason: str | None
    """Why there is no value."""

    @classmethod
    def of(cls, found: Coefficient) -> Self:
        """Say it of a coefficient."""
        low, high = (found.interval.low, found.interval.high) if found.interval else (None, None)
        return cls(value=found.value, items=found.items, low=low, high=high, reason=found.reason)


class VoicesBody(Body):
    """Two evaluators, or two raters of one, on the runs that both have scored."""

    first: str
    second: str
    runs: int
    same_verdict: MeasureBody
    """Share of the runs that both call solved, or both unsolved."""
    kappa: MeasureBody
    """Cohen's, of solved and unsolved."""
    weighted_kappa: MeasureBody
    """Cohen's, of the scores, with quadratic weights."""


class RatersBody(Body):
    """The raters of one evaluator."""

    evaluator: str
    raters: list[str]
    alpha: MeasureBody
    """Krippendorff's, of the scores as an order."""
    pairs: list[VoicesBody]


class ExperimentAgreementBody(Body):
    """Who agrees with whom. Runs are the items, the earlier ones of a question among them."""

    model_config = example(
        experiment="pilot_experiment",
        runs_read=150,
        is_complete=True,
        evaluators=[_EXAMPLE_PAIR],
        raters=[
            {
                "evaluator": "human-eval",
                "raters": ["ada", "bob"],
                "alpha": _EXAMPLE_COEFFICIENT,
                "pairs": [{**_EXAMPLE_PAIR, "first": "ada", "second": "bob"}],
            }
        ],
    )

    experiment: str
    runs_read: int
    """How many runs that several have scored were read."""
    is_complete: bool
    """Whether those are all; otherwise some of each model and domain."""
    evaluators: list[VoicesBody]
    raters: list[RatersBody]


@dataclass(frozen=True)
class _Voices:
    """All scores that were read."""

    evaluators: Mapping[str, Scores]
    """Of several raters the median, of two in the middle the lower."""
    raters: Mapping[str, Mapping[str, Scores]]


def agreement_router(dashboard: Dashboard) -> APIRouter:
    """Build the route."""
    router = APIRouter()
    kept: Kept[ExperimentAgreementBody] = Kept(_KEPT_SECONDS)

    @router.get("/agreement", responses=RESPONSES)
    def show_agreement(query: Annotated[AgreementParameters, Query()]) -> ExperimentAgreementBody:
        """Compare the evaluators, and the raters of each, on runs that several have scored; a few seconds old."""
        experiment = known_experiment(dashboard, query.experiment)
        return kept.get(experiment, dashboard.catalog.changes(), lambda: _agreement(dashboard, experiment))

    return router


def _agreement(dashboard: Dashboard, experiment: str) -> ExperimentAgreementBody:
    runs, is_complete = dashboard.catalog.scored_by_several(experiment, MOST_RUNS)
    voices = _read(ScoreReader(dashboard.root), runs)
    return ExperimentAgreementBody(
        experiment=experiment,
        runs_read=len(runs),
        is_complete=is_complete,
        evaluators=_pairs(voices.evaluators),
        raters=[
            RatersBody(evaluator=evaluator, raters=list(of_rater), alpha=_alpha(of_rater), pairs=_pairs(of_rater))
            for evaluator, of_rater in voices.raters.items()
            if len(of_rater) > 1
        ],
    )


def _read(reader: ScoreReader, runs: Iterable[RunKey]) -> _Voices:
    evaluators: dict[str, Scores] = {}
    raters: dict[str, dict[str, Scores]] = {}
    for number, key in enumerate(runs):
        together: dict[str, list[int]] = {}
        for said in reader.of(key):
            if said.status == "scored" and said.score is not None:
                together.setdefault(said.evaluator, []).append(said.score)
                raters.setdefault(said.evaluator, {}).setdefault(said.rater, {})[number] = said.score
        for evaluator, scores in together.items():
            evaluators.setdefault(evaluator, {})[number] = median_low(scores)
    return _Voices(_first(evaluators), {name: _first(of_rater) for name, of_rater in sorted(raters.items())})


def _first(voices: Mapping[str, Scores]) -> dict[str, Scores]:
    """Return those with the most scores, by name."""
    most = sorted(voices, key=lambda name: (-len(voices[name]), name))[:MOST_VOICES]
    return {name: voices[name] for name in sorted(most)}


def _pairs(voices: Mapping[str, Scores]) -> list[VoicesBody]:
    found = [_pair(first, second, voices[first], voices[second]) for first, second in combinations(voices, 2)]
    return [pair for pair in found if pair.runs]


def _pair(first: str, second: str, one: Scores, other: Scores) -> VoicesBody:
    common = [run for run in one if run in other]
    a, b = [one[run] for run in common], [other[run] for run in common]
    verdicts = [score >= PASS_SCORE for score in a], [score >= PASS_SCORE for score in b]
    return VoicesBody(
        first=first,
        second=second,
        runs=len(common),
        same_verdict=MeasureBody.of(percent_agreement(*verdicts)),
        kappa=MeasureBody.of(cohen_kappa(*verdicts, categories=(False, True))),
        weighted_kappa=MeasureBody.of(cohen_kappa(a, b, weights="quadratic", categories=_SCORES)),
    )


def _alpha(voices: Mapping[str, Scores]) -> MeasureBody:
    runs = sorted(set().union(*voices.values()))
    return MeasureBody.of(krippendorff_alpha([[of.get(run) for run in runs] for of in voices.values()], intervals=True))
