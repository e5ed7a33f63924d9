"""The evaluations of VMEvalKit trees: ours, and the older ones with one score per file."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from vmevalkit.dataroot import HUMAN_EVALUATION, TASK_SUFFIX, Evaluation
from vmevalkit.errors import first_problem
from vmevalkit.migration._older_runs import run_folders
from vmevalkit.migration._reading import entries_in, object_at, relative, strings
from vmevalkit.migration._scores import older_score
from vmevalkit.migration.source import EXPERIMENT, RUN_ID, Found, FoundEvaluation, NotUnderstood

_FIELDS = frozenset(Evaluation.model_fields)


def evaluations(source: Path, base: Path) -> Iterator[Found]:
    """Yield the evaluations below ``evaluations/`` and ``scorings/``.

    They lie at ``<model>/<domain>_task/<task_id>/<file>.json``. Before that, ``evaluations/`` has the experiment, or
    the scorer and the experiment; ``scorings/`` has the scorer and the experiment, or the scorer only.
    """
    for section in ("evaluations", "scorings"):
        yield from _below(source, base, base / section, (section,))


def _below(source: Path, base: Path, folder: Path, way: tuple[str, ...]) -> Iterator[Found]:
    for entry in entries_in(folder):
        if entry.is_dir() and entry.name.endswith(TASK_SUFFIX) and len(way) >= 2:
            for task in entries_in(entry):
                if task.is_dir():
                    yield from _of_question(source, base, task, way)
                else:
                    yield NotUnderstood(relative(source, task), "is no folder of a question's evaluations")
        elif entry.is_dir() and len(way) < 4:
            yield from _below(source, base, entry, (*way, entry.name))
        else:
            yield NotUnderstood(relative(source, entry), "is not the evaluation of one question")


def _of_question(source: Path, base: Path, task: Path, way: tuple[str, ...]) -> Iterator[Found]:
    section, *before, model = way
    scorer = before[0] if section == "scorings" and before else before[0] if len(before) == 2 else None
    experiment = before[-1] if len(before) == 2 or (section == "evaluations" and before) else EXPERIMENT
    files = list(entries_in(task))
    for file in files:
        if file.suffix != ".json" or not file.is_file():
            yield NotUnderstood(relative(source, file), "is no evaluation")
            continue
        value = object_at(source, file)
        if isinstance(value, NotUnderstood):
            yield value
        elif isinstance(value.get("records"), list):
            yield _of_ours(source, file, value, experiment, model)
        else:
            # Two scorers that call themselves the same are told apart by their folders, as the source does it.
            name = scorer if len(files) == 1 or scorer is None else f"{scorer}.{file.stem}"
            yield _older(source, base, file, value, experiment, model, name)


def _of_ours(source: Path, file: Path, value: dict[str, Any], experiment: str, model: str) -> Found:
    try:
        evaluation = Evaluation.model_validate(value)
    except ValidationError as error:
        return NotUnderstood(relative(source, file), first_problem(error))
    return FoundEvaluation(
        origin=relative(source, file),
        experiment=experiment,
        model=model,
        domain=file.parents[1].name.removesuffix(TASK_SUFFIX),
        task_id=file.parent.name,
        evaluator=file.stem,
        records=evaluation.records,
        version=evaluation.version,
        extra={name: field for name, field in value.items() if name not in _FIELDS},
    )


def _older(
    source: Path, base: Path, file: Path, value: dict[str, Any], experiment: str, model: str, scorer: str | None
) -> Found:
    metadata, result = value.get("metadata"), value.get("result")
    if not isinstance(metadata, dict) or not isinstance(result, dict):
        return NotUnderstood(relative(source, file), 'has neither "records" nor "metadata" and "result"')
    evaluator = scorer or file.stem
    annotator = strings(metadata, "annotator")
    if annotator is not None and scorer is None:
        evaluator = HUMAN_EVALUATION
    task = file.parent
    run_id = _run_id(base, metadata, experiment, model, task)
    if run_id is None:
        return NotUnderstood(relative(source, file), "the question has several runs, and it does not say which")
    return FoundEvaluation(
        origin=relative(source, file),
        experiment=experiment,
        model=model,
        domain=task.parent.name.removesuffix(TASK_SUFFIX),
        task_id=task.name,
        evaluator=evaluator,
        records=(older_score(metadata, result, rater=annotator or evaluator, run_id=run_id),),
        version=strings(metadata, "version", "scorer_version") or "unknown",
    )


def _run_id(base: Path, metadata: dict[str, Any], experiment: str, model: str, task: Path) -> str | None:
    """Return which run a file is about: what it says, or the only one there is; `None` if nobody knows."""
    said = strings(metadata, "run_id")
    if said is not None:
        return said
    below = (model, task.parent.name, task.name)
    for folder in (base.joinpath("outputs", experiment, *below), base.joinpath("outputs", *below)):
        found = run_folders(folder)
        if found:
            return found[0][0] if len(found) == 1 else None
    return RUN_ID
