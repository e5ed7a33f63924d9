"""The addresses that the API and the pages give out."""

from urllib.parse import quote, urlencode

from vmevalkit.dataroot import FINAL_FRAME_NAME, FIRST_FRAME_NAME, GROUND_TRUTH_NAME, VIDEO_NAME, PairKey, RunKey
from vmevalkit.web.results import DEFAULT_EVALUATOR, Filters


def _path(*parts: str) -> str:
    return "/" + "/".join(quote(part, safe="") for part in parts)


def _with_query(path: str, **values: str | None) -> str:
    given = {name: value for name, value in values.items() if value}
    return f"{path}?{urlencode(given)}" if given else path


def video_url(key: RunKey) -> str:
    """Return where a run's video is."""
    path = _path("media", "video", key.model, key.domain, key.task_id, key.run_id, VIDEO_NAME)
    return _with_query(path, experiment=key.experiment)


def first_frame_url(key: PairKey) -> str:
    """Return where a question's first frame is."""
    return _path("media", "question", key.domain, key.task_id, FIRST_FRAME_NAME)


def final_frame_url(key: PairKey) -> str:
    """Return where a question's solved frame is."""
    return _path("media", "question", key.domain, key.task_id, FINAL_FRAME_NAME)


def ground_truth_url(key: PairKey) -> str:
    """Return where the film of a question's solution is."""
    return _path("media", "question", key.domain, key.task_id, GROUND_TRUTH_NAME)


def question_url(key: PairKey, filters: Filters, cursor: str | None = None) -> str:
    """Return the page of a question, in the experiment and as seen by the evaluator that are looked at."""
    path = _path("question", key.domain, key.task_id)
    return _with_query(path, experiment=filters.experiment, evaluator=_chosen_evaluator(filters), cursor=cursor)


def results_url(filters: Filters, cursor: str | None = None) -> str:
    """Return the results page with some filters set."""
    return _with_query(
        "/",
        experiment=filters.experiment,
        evaluator=_chosen_evaluator(filters),
        model=filters.model,
        domain=filters.domain,
        task_id=filters.task_id,
        status=filters.status,
        outcome=filters.outcome,
        cursor=cursor,
    )


def _chosen_evaluator(filters: Filters) -> str | None:
    return None if filters.evaluator == DEFAULT_EVALUATOR else filters.evaluator
