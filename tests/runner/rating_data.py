"""Experiments to be rated, with videos that nobody decodes."""

from vmevalkit.dataroot import (
    FINAL_FRAME_NAME,
    FIRST_FRAME_NAME,
    HUMAN_EVALUATION,
    METADATA_NAME,
    VIDEO_NAME,
    DataRoot,
    Pair,
    PairKey,
    Run,
    RunKey,
    Score,
    VideoFacts,
    VideoRequest,
    load_evaluation,
)

EXPERIMENT = "pilot_experiment"
RUN_ID = "20250115T103000Z"
WHEN = "2025-01-15T10:30:00.000000Z"


def run_of(model: str, task_id: str, run_id: str = RUN_ID) -> RunKey:
    return RunKey(EXPERIMENT, model, task_id.rpartition("_")[0], task_id, run_id)


def add_question(root: DataRoot, key: PairKey) -> None:
    folder = root.pair_folder(key)
    folder.mkdir(parents=True)
    relative = f"{key.domain}_task/{key.task_id}"
    Pair(
        id=key.task_id,
        domain=key.domain,
        difficulty="easy",
        first_image_path=f"{relative}/{FIRST_FRAME_NAME}",
        final_image_path=f"{relative}/{FINAL_FRAME_NAME}",
        prompt=f"Solve {key.task_id}.",
        created_at=WHEN,
    ).save(folder / METADATA_NAME)
    (folder / FIRST_FRAME_NAME).write_bytes(b"first")
    (folder / FINAL_FRAME_NAME).write_bytes(b"final")


def add_run(root: DataRoot, key: RunKey, status: str = "succeeded") -> RunKey:
    folder = root.run_folder(key)
    (folder / "video").mkdir(parents=True)
    if status == "succeeded":
        (folder / "video" / VIDEO_NAME).write_bytes(f"film of {key.task_id}".encode())
    Run(
        experiment=key.experiment,
        model=key.model,
        domain=key.domain,
        task_id=key.task_id,
        run_id=key.run_id,
        status=status,
        prompt=f"Solve {key.task_id}.",
        model_version="1",
        created_at=WHEN,
        requested=VideoRequest(width=64, height=64, fps=8, seconds=2),
        video=VideoFacts(width=64, height=64, fps=8, frames=16, duration=2),
        video_sha256="5ca1ab1e",
    ).save(folder / "metadata.json")
    return key


def fill(root: DataRoot, models: tuple[str, ...], domains: tuple[str, ...], count: int) -> list[RunKey]:
    """Make ``count`` questions per domain, filmed by every model."""
    keys = [PairKey(domain, f"{domain}_{number:04d}") for domain in domains for number in range(count)]
    for key in keys:
        add_question(root, key)
    return [add_run(root, run_of(model, key.task_id)) for model in models for key in keys]


def saved(root: DataRoot) -> dict[tuple[RunKey, str], Score]:
    """Return all that people have said, from the files, by run and rater; no rater is there twice."""
    found: dict[tuple[RunKey, str], Score] = {}
    for run in root.iter_runs(EXPERIMENT):
        evaluation = load_evaluation(root, EXPERIMENT, run.model, run.pair, HUMAN_EVALUATION)
        for score in evaluation.records if evaluation else ():
            if score.run_id == run.run_id:
                assert (run, score.rater) not in found
                found[run, score.rater] = score
    return found
