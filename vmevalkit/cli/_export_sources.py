"""Exports as sources of ``vmevalkit migrate``: neither of the two packages knows the other."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vmevalkit.dataroot import FIRST_FRAME_NAME, PROMPT_NAME
from vmevalkit.export import (
    EXPORT_SOURCES,
    ExportedEvaluation,
    ExportedQuestion,
    ExportedRun,
    ExportSource,
    Unreadable,
)
from vmevalkit.migration import Content, Found, FoundEvaluation, FoundQuestion, FoundRun, NotUnderstood, Source


@dataclass(frozen=True)
class _Exports:
    """One form of export."""

    export: ExportSource
    is_ours: bool = True

    @property
    def name(self) -> str:
        return self.export.name

    @property
    def description(self) -> str:
        return self.export.description

    def detects(self, path: Path) -> bool:
        return self.export.detects(path)

    def items(self, path: Path) -> Iterator[Found]:
        for item in self.export.items(path):
            match item:
                case ExportedQuestion():
                    yield _question(item)
                case ExportedRun():
                    yield _run(item)
                case ExportedEvaluation():
                    yield _evaluation(item)
                case Unreadable():
                    yield NotUnderstood(item.path, item.why)


def export_sources() -> tuple[Source, ...]:
    """Return the sources; they are to be tried before others, as exports say what they are."""
    return tuple(map(_Exports, EXPORT_SOURCES))


def _question(item: ExportedQuestion) -> FoundQuestion:
    pair = item.pair
    return FoundQuestion(
        origin=item.origin,
        domain=pair.domain,
        id=pair.id,
        prompt=pair.prompt,
        first_frame=item.first_frame,
        final_frame=item.final_frame,
        ground_truth=item.ground_truth,
        difficulty=pair.difficulty,
        task_category=pair.task_category,
        created_at=pair.created_at,
        metadata=pair.metadata,
        extra=pair.model_extra or {},
    )


def _run(item: ExportedRun) -> FoundRun:
    run = item.run
    shown: dict[str, Content] = {PROMPT_NAME: run.prompt.encode()}
    if item.first_frame is not None:
        shown[FIRST_FRAME_NAME] = item.first_frame
    return FoundRun(
        origin=item.origin,
        experiment=run.experiment,
        model=run.model,
        domain=run.domain,
        task_id=run.task_id,
        run_id=run.run_id,
        video=item.video,
        status="failed" if run.status == "failed" else "succeeded",
        error="" if run.error is None else run.error.message,
        prompt=run.prompt,
        created_at=run.created_at,
        metadata=run.to_json(),
        question=shown,
    )


def _evaluation(item: ExportedEvaluation) -> FoundEvaluation:
    said = item.evaluation
    return FoundEvaluation(
        origin=item.origin,
        experiment=said.experiment,
        model=said.model,
        domain=said.domain,
        task_id=said.task_id,
        evaluator=said.evaluator,
        records=said.records,
        version=said.version,
        extra=said.model_extra or {},
    )
