"""A laboratory whose results are known because they were written by hand."""

import warnings

import pytest

from vmevalkit.dataroot import HUMAN_EVALUATION, PASS_SCORE, DataRoot, Evaluation, Pair, PairKey, Score

EXPERIMENT = "pilot_experiment"
RULES = "RuleEvaluator"
RUN = "20250115_100000"
CREATED = "2025-01-15T10:00:00Z"
DIFFICULTIES = ("easy", "medium", "hard")


class Lab:
    """A data root with questions and evaluations; no picture and no video."""

    def __init__(self, root: DataRoot) -> None:
        self.root = root

    def ask(self, domain: str, count: int, *, difficulties=DIFFICULTIES) -> list[PairKey]:
        keys = [PairKey(domain, f"{domain}_{i:04d}") for i in range(count)]
        for i, key in enumerate(keys):
            Pair(
                id=key.task_id,
                domain=domain,
                difficulty=difficulties[i % len(difficulties)],
                first_image_path="first_frame.png",
                final_image_path="final_frame.png",
                prompt="Solve it.",
                created_at=CREATED,
            ).save(self.root.pair_folder(key) / "question_metadata.json")
        return keys

    def take_part(self, *models: str, experiment: str = EXPERIMENT) -> None:
        for model in models:
            (self.root.outputs / experiment / model).mkdir(parents=True, exist_ok=True)

    def rate(
        self,
        model: str,
        key: PairKey,
        verdict: int | str,
        *,
        evaluator: str = RULES,
        rater: str | None = None,
        run: str = RUN,
        experiment: str = EXPERIMENT,
        version: str = "1",
    ):
        """Write a score from 1 to 5, or the status ``error`` or ``skipped``; return the file."""
        self.take_part(model, experiment=experiment)
        path = self.root.evaluation_file(experiment, model, key, evaluator)
        old = (
            Evaluation.load(path)
            if path.exists()
            else Evaluation(
                evaluator=evaluator,
                version=version,
                experiment=experiment,
                model=model,
                domain=key.domain,
                task_id=key.task_id,
            )
        )
        scored = isinstance(verdict, int)
        score = Score(
            run_id=run,
            rater=rater or evaluator,
            status="scored" if scored else verdict,
            score=verdict if scored else None,
            passed=verdict >= PASS_SCORE if scored else None,
            created_at=CREATED,
        )
        old.with_score(score, version).save(path)
        return path

    def rate_all(self, model: str, keys, verdicts, **named) -> None:
        """Write a verdict per question; `None` leaves it out."""
        self.take_part(model, experiment=named.get("experiment", EXPERIMENT))
        for key, verdict in zip(keys, verdicts, strict=True):
            if verdict is not None:
                self.rate(model, key, verdict, **named)


@pytest.fixture
def lab(root) -> Lab:
    root.path.mkdir()
    return Lab(root)


@pytest.fixture
def small(lab) -> Lab:
    """Three models on six questions of two domains; a judge and two people have looked at some of it.

    ``good`` solves five of six, ``poor`` one of the four that could be scored, ``idle`` has filmed nothing.
    """
    return filled(lab)


@pytest.fixture(scope="module")
def small_to_read(tmp_path_factory) -> Lab:
    """The same, made once, for tests that change nothing."""
    return filled(Lab(DataRoot(tmp_path_factory.mktemp("lab"))))


def filled(lab: Lab) -> Lab:
    keys = [*lab.ask("chess", 3), *lab.ask("maze", 3)]
    lab.rate_all("good", keys, [5, 5, 4, 5, 2, 5])
    lab.rate_all("poor", keys, [1, 4, 1, "error", 2, "skipped"])
    lab.take_part("idle")
    lab.rate_all("good", keys, [5, 4, 4, 5, 1, 3], evaluator="GPT4OEvaluator")
    lab.rate_all("poor", keys[:3], [2, 5, 1], evaluator="GPT4OEvaluator")
    for rater, verdicts in (("ann", [5, 5, 4, 5, 1, 5]), ("ben", [5, 4, 3, 5, 2, None])):
        lab.rate_all("good", keys, verdicts, evaluator=HUMAN_EVALUATION, rater=rater)
    return lab


@pytest.fixture(scope="session")
def statsmodels():
    """The package that the numbers are checked against; what it warns of while it is imported is not ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import statsmodels.stats.contingency_tables
        import statsmodels.stats.inter_rater
        import statsmodels.stats.multitest
        import statsmodels.stats.proportion
    return statsmodels
