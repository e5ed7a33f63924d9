"""What a migration is compared with."""

import hashlib

from vmevalkit.dataroot import DataRoot, PairKey, RunKey, iter_manifest, load_evaluation, load_pair, load_run


def check_all_there(root: DataRoot, made) -> None:
    """Compare a data root with what was put into the tree that it was made from."""
    assert {(key.domain, key.task_id) for key in root.iter_pairs()} == set(made.questions)
    assert {(pair.domain, pair.id) for pair in iter_manifest(root.manifest)} == set(made.questions)
    for (domain, name), files in made.questions.items():
        folder = root.pair_folder(PairKey(domain, name))
        assert load_pair(root, PairKey(domain, name)).prompt == made.prompts[domain, name]
        assert (folder / "prompt.txt").read_text(encoding="utf-8") == made.prompts[domain, name]
        assert {file: (folder / file).read_bytes() for file in files} == files
        assert (folder / "first_frame.png").is_file()
        assert (folder / "final_frame.png").is_file()
    assert {(r.experiment, r.model, r.domain, r.task_id, r.run_id) for r in root.iter_runs()} == set(made.videos)
    for names, video in made.videos.items():
        key = RunKey(*names)
        run = load_run(root, key)
        assert (root.run_folder(key) / "video/model_output.mp4").read_bytes() == video
        assert (run.status, run.video_sha256) == ("succeeded", hashlib.sha256(video).hexdigest())
        assert run.prompt == made.prompts[key.domain, key.task_id]
    found = {}
    for path in sorted(root.evaluations.rglob("*.json")):
        experiment, model, domain, task_id, file = path.relative_to(root.evaluations).parts
        names = (experiment, model, domain.removesuffix("_task"), task_id, file.removesuffix(".json"))
        evaluation = load_evaluation(root, names[0], names[1], PairKey(names[2], names[3]), names[4])
        (score,) = evaluation.records
        found[names] = (score.run_id, score.rater, score.score)
    assert found == made.scores
