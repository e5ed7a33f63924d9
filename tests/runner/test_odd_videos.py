"""Videos that are none, or that are not what one expects, among ordinary ones."""

import json
import subprocess
import sys
from hashlib import sha256

import pytest
from support import odd_videos

from vmevalkit.dataroot import load_evaluation, load_run
from vmevalkit.runner.evaluation import evaluate_experiment

EXPERIMENT, RULES = "pilot_experiment", "RuleEvaluator"
KINDS = [*odd_videos.NO_VIDEOS, *odd_videos.VIDEOS]


@pytest.fixture
def odd(scored, tmp_path):
    """The data root with an odd video in the place of each of the oracle's but one, and of those of `static`."""
    keys = [*scored.iter_runs(EXPERIMENT, "oracle"), *scored.iter_runs(EXPERIMENT, "static")]
    planted = {}
    for make, key in zip(KINDS, keys[1:], strict=False):
        folder = tmp_path / make.__name__
        folder.mkdir()
        content = make(folder).read_bytes()
        (scored.run_folder(key) / "video" / "model_output.mp4").write_bytes(content)
        run = load_run(scored, key).model_copy(update={"video_sha256": sha256(content).hexdigest()})
        run.save(scored.run_folder(key) / "metadata.json")
        planted[make.__name__] = key
    return scored, planted


def test_each_is_an_error_with_its_reason_and_the_rest_goes_on(odd):
    root, planted = odd
    done = evaluate_experiment(root, EXPERIMENT, RULES, models=["oracle", "static"], workers=2)
    assert (done.errors, done.kept, done.failures) == (len(KINDS), 20 - len(KINDS), ())
    for name, key in planted.items():
        (record,) = load_evaluation(root, EXPERIMENT, key.model, key.pair, RULES).records
        assert (record.status, record.score, record.passed) == ("error", None, None), name
        assert record.explanation.startswith(("undecodable: ", "unreadable: ")), name


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("audio_only", "has no video stream"),
        ("one_frame", "a single frame is no film"),
        ("picture", "a single frame is no film"),
        ("truncated", "model_output.mp4"),
    ],
)
def test_the_reason_says_what_is_wrong(odd, kind, reason):
    root, planted = odd
    key = planted[kind]
    evaluate_experiment(root, EXPERIMENT, RULES, models=[key.model], domains=[key.domain])
    (record,) = load_evaluation(root, EXPERIMENT, key.model, key.pair, RULES).records
    assert reason in record.explanation


MEASURE = """
import json, re, sys
from pathlib import Path
from vmevalkit.evaluators import Item, Question, RuleEvaluator
from vmevalkit.runner.scoring import rules_of
from vmevalkit.tasks import get_domain, question_rng
domain = get_domain("maze")
puzzle = domain.sample(question_rng("maze", 1, 1, 1), "easy")
path = Path(sys.argv[1])
verdict = RuleEvaluator().evaluate(Item(path, Question("maze", "maze_0000", "", path, path), rules_of(domain, puzzle)))
# What getrusage says includes the process that this one was forked from.
(peak,) = re.findall(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())
print(json.dumps([verdict.status, int(peak) >> 10]))
"""


@pytest.mark.parametrize("make", [odd_videos.ordinary, odd_videos.four_k, odd_videos.ten_minutes])
def test_memory_has_a_bound_whatever_the_length_and_the_size(make, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(make(tmp_path))], capture_output=True, text=True, check=True
    )
    status, megabytes = json.loads(done.stdout)
    assert status == "error"
    assert megabytes < 500
