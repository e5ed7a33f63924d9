"""Filming with hosted models: paid once, whatever happens."""

import errno
import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
from support.fake_openai import Fake, error, fields_of
from support.fake_provider import KEY, Response, Scenario
from support.long import LONG, longer
from support.waiting import until

from vmevalkit import media
from vmevalkit.dataroot import DataRoot, RunFailure, load_run
from vmevalkit.errors import UsageError
from vmevalkit.models import FilmRequest
from vmevalkit.models.baselines import Static
from vmevalkit.runner import runs
from vmevalkit.runner.create_dataset import create_dataset
from vmevalkit.runner.events import Event, event_log
from vmevalkit.runner.hosted import Patience
from vmevalkit.runner.inference import RunOptions, outlook, run_models
from vmevalkit.runner.shards import Shard

EXPERIMENT = "pilot_experiment"
PATIENCE = Patience(poll_seconds=0.01, job_seconds=20, attempts=4, longest_wait=0.05)
OPTIONS = RunOptions(patience=PATIENCE, limit=1)


class Server(Fake):
    """A ``/v1/videos`` server that makes no second job of a submission that it has seen."""

    def create(self, request):
        key = request.headers.get("idempotency-key")
        for number, known in enumerate(self.accepted):
            if known.headers.get("idempotency-key") == key:
                return Response.of(self.video(f"job-{number + 1}", "queued"))
        return super().create(request)


@pytest.fixture(scope="module")
def film(made_once, tmp_path_factory) -> bytes:
    import numpy as np

    path = tmp_path_factory.mktemp("film") / "v.mp4"
    frame = np.full((64, 64, 3), 90, dtype=np.uint8)
    Static().film(FilmRequest("", frame, 8, 8, 0, frame, None, None), path)
    return path.read_bytes()


@pytest.fixture
def served(request, film):
    """Start servers: ``served(scenario)``."""
    running = []

    def serve(scenario=Scenario.SUCCESS, kind=Fake):
        server = kind(scenario, film).__enter__()
        running.append(server)
        return server

    yield serve
    for server in running:
        server.__exit__()


def own(server, **more) -> dict:
    return {"type": "openai", "model_id": "wan", "base_url": f"{server.url}/v1", "key": "WAN_KEY", **more}


def run(root, models, options=OPTIONS, **more):
    return run_models(root, EXPERIMENT, list(models), options, own=models, keys={"WAN_KEY": KEY}, **more)


def all_runs(root, experiment=EXPERIMENT):
    return [load_run(root, key) for key in root.iter_runs(experiment)]


def cut_short(root, found, **more):
    """Have a run that has succeeded look as if its process had died before that."""
    undone = {"status": "running", "video": None, "cost_usd": None, **more}
    found.model_copy(update=undone).save(root.run_folder(found.key) / "metadata.json")
    root.run_video(found.key).unlink()


def test_a_run_records_what_was_asked_and_what_came(dataset, served):
    server = served()
    done = run(dataset, {"wan": own(server, sizes=["832x480"], seconds=[5, 10], usd_per_second=0.1)})
    assert (done.succeeded, done.failed) == (5, 0)
    for found in all_runs(dataset):
        assert (found.status, found.cost_usd) == ("succeeded", pytest.approx(0.5))
        assert found.job_id.startswith("job-")
        assert (found.requested.width, found.requested.height, found.requested.seconds) == (512, 512, 5)
        assert found.fitted.model_dump() == {"width": 832, "height": 480, "seconds": 5, "letterboxed": True}
        assert (found.video.width, found.video.frames) == (64, 8)
        path = dataset.run_folder(found.key) / "video/model_output.mp4"
        assert media.probe(path).frames == 8


def test_a_second_call_asks_for_nothing(dataset, served):
    server = served()
    models = {"wan": own(server)}
    run(dataset, models)
    asked = len(server.requests)
    assert run(dataset, models).skipped == 5
    assert len(server.requests) == asked


def test_several_runs_of_a_question_have_seeds_of_their_own(dataset, served):
    server = served()
    models = {"wan": own(server)}
    run(dataset, models, RunOptions(patience=PATIENCE, task_ids=["maze_0000"]))
    done = run(dataset, models, RunOptions(patience=PATIENCE, task_ids=["maze_0000"], runs=3))
    assert (done.succeeded, done.skipped) == (2, 1)
    found = all_runs(dataset)
    assert sorted(one.sample for one in found) == [0, 1, 2]
    assert len({one.seed for one in found}) == 3


def test_a_failure_is_written_down_and_repeated_only_when_asked(dataset, served):
    server = served(Scenario.REFUSED_AT_ONCE)
    models = {"wan": own(server)}
    options = RunOptions(patience=PATIENCE, task_ids=["maze_0000"])
    done = run(dataset, models, options)
    assert done.failed == 1
    assert "moderation" in done.failures[0]
    [found] = all_runs(dataset)
    assert (found.error.type, found.error.retryable, found.cost_usd) == ("ContentRefusedError", False, 0)
    server.scenario = Scenario.SUCCESS
    assert run(dataset, models, options).skipped == 1
    assert run(dataset, models, RunOptions(patience=PATIENCE, task_ids=["maze_0000"], retry="failed")).succeeded == 1
    assert len(server.accepted) == 1


class Outage(Fake):
    """A server that accepts jobs, makes their videos, and is away when it is asked for them."""

    away = True

    def retrieve(self, job_id):
        return error(500, "gone for lunch") if self.away else super().retrieve(job_id)


def test_after_an_outage_the_videos_that_were_paid_are_fetched_and_not_paid_again(dataset, served):
    server = served(Scenario.SUCCESS, Outage)
    models = {"wan": own(server)}
    impatient = Patience(poll_seconds=0.01, job_seconds=0.2, attempts=2, longest_wait=0.02)
    assert run(dataset, models, RunOptions(patience=impatient, limit=1)).failed == 5
    assert len(server.accepted) == 5
    server.away = False
    assert run(dataset, models).failed_before == 5
    done = run(dataset, models, RunOptions(patience=PATIENCE, limit=1, retry="failed"))
    assert (done.succeeded, len(server.accepted), len(all_runs(dataset))) == (5, 5, 5)


@pytest.mark.parametrize(
    "left",
    [
        {"status": "running"},
        {"status": "failed", "error": RunFailure(type="DownloadError", message="broke off", retryable=True)},
    ],
    ids=["under way", "not fetched"],
)
def test_a_failure_from_before_the_clock_was_put_back_hides_no_job_that_was_paid(dataset, served, monkeypatch, left):
    server = served(Scenario.FAILED)
    models = {"wan": own(server)}
    options = RunOptions(patience=PATIENCE, task_ids=["maze_0000"], retry="failed")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1760000000")
    assert run(dataset, models, options).failed == 1
    server.scenario = Scenario.SUCCESS
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1759990000")
    assert run(dataset, models, options).succeeded == 1
    paid, failed = all_runs(dataset)
    assert (paid.status, failed.status) == ("succeeded", "failed")
    cut_short(dataset, paid, **left)
    assert run(dataset, models, options).succeeded == 1
    assert [one.status for one in all_runs(dataset)] == ["succeeded", "failed"]
    assert len(server.accepted) == 2


def test_a_video_that_is_gone_is_fetched_again_not_paid_again(dataset, served):
    server = served()
    models = {"wan": own(server)}
    run(dataset, models)
    [found, *_] = all_runs(dataset)
    (dataset.run_folder(found.key) / "video/model_output.mp4").unlink()
    assert run(dataset, models).succeeded == 1
    assert len(server.accepted) == 5


def test_a_stray_folder_beside_a_run_is_no_run(dataset, served):
    server = served()
    models = {"wan": own(server)}
    run(dataset, models)
    [found, *_] = all_runs(dataset)
    (dataset.run_folder(found.key).parent / "zz-notes").mkdir()
    assert run(dataset, models).skipped == 5


def test_a_model_that_stumbles_fails_alone(dataset, served):
    server = served()
    models = {"wan": own(server), "boom": {"type": "python", "model_id": "test_hosted_runs:Boom"}}
    done = run(dataset, models)
    assert (done.succeeded, done.failed) == (5, 5)
    assert "boom: RuntimeError: out of luck" in done.failures[0]


class Boom:
    """A model of somebody else that raises what it likes."""

    name, version, description = "boom", "1", "raises"

    def film(self, request, path):
        raise RuntimeError("out of\nluck")


def test_a_damaged_question_does_not_break_the_workers(dataset):
    (dataset.questions / "maze_task/maze_0000/first_frame.png").write_bytes(b"no picture")
    done = run_models(dataset, EXPERIMENT, ["static"], RunOptions(workers=2, limit=1))
    assert (done.succeeded, done.failed, done.stopped) == (4, 1, [])


def test_an_answer_that_makes_no_sense_is_a_failure_of_its_run(dataset, served):
    class Odd(Fake):
        def retrieve(self, job_id):
            return Response(200, b"<html>Back soon</html>", {"content-type": "text/html"})

    impatient = Patience(poll_seconds=0.01, job_seconds=2.0, attempts=2, longest_wait=0.02)
    odd, right = served(Scenario.SUCCESS, Odd), served()
    models = {"odd": own(odd), "right": own(right)}
    done = run(dataset, models, RunOptions(patience=impatient, limit=1))
    assert (done.succeeded, done.failed, done.stopped) == (5, 5, [])


class Halves(Fake):
    """A server that sends half a character, which JSON can hold and no file."""

    def create(self, request):
        if self.scenario is Scenario.BAD_REQUEST:
            self.submission(request)
            return self.answer(400, '{"error": {"code": "bad \\ud83d", "message": "no \\ud83d in prompts"}}')
        answer = super().create(request)
        return self.answer(200, '{"id": "job-\\ud83d"}') if self.scenario is Scenario.LOST else answer

    def retrieve(self, job_id):
        return self.answer(200, '{"status": "failed", "error": {"message": "no \\ud83d in films"}}')

    def answer(self, status, text):
        return Response(status, text.encode(), {"content-type": "application/json"})


@pytest.mark.parametrize(
    ("scenario", "said"),
    [
        (Scenario.BAD_REQUEST, "bad ? no ? in prompts"),
        (Scenario.SUCCESS, "no ? in films"),
        (Scenario.LOST, "the job's id cannot be written down"),
    ],
    ids=["refusal", "failure", "id"],
)
def test_half_a_character_in_an_answer_is_a_failure_of_its_run(dataset, served, tmp_path, scenario, said):
    models = {"halves": own(served(scenario, Halves)), "right": own(served())}
    with event_log(tmp_path / "events.jsonl") as watch:
        done = run(dataset, models, watch=watch)
    assert (done.succeeded, done.failed, done.stopped) == (5, 5, [])
    assert all(said in failure for failure in done.failures)
    assert said in (tmp_path / "events.jsonl").read_text()
    assert {said in found.error.message for found in all_runs(dataset) if found.model == "halves"} == {True}


def test_a_file_whose_name_is_not_utf8_ends_no_log_of_events(tmp_path):
    with event_log(tmp_path / "events.jsonl") as watch:
        watch(Event("failed", "oracle", message=os.fsdecode(b"data/\xff.png: cannot be decoded")))
    assert json.loads((tmp_path / "events.jsonl").read_text("utf-8"))["message"] == "data/?.png: cannot be decoded"


def test_what_cannot_be_a_number_is_refused():
    for wrong in ({"budget": float("nan")}, {"seconds": float("inf")}, {"budget": -1.0}, {"runs": 0}):
        with pytest.raises(UsageError, match="must be"):
            RunOptions(**wrong)


def test_a_submission_of_which_nobody_knows_is_not_repeated(dataset, served):
    server = served()
    models = {"wan": own(server)}
    options = RunOptions(patience=PATIENCE, task_ids=["maze_0000"])
    run(dataset, models, options)
    [found] = all_runs(dataset)
    cut_short(dataset, found, job_id=None)
    done = run(dataset, models, options)
    assert done.failed == 1
    assert "may have been paid" in done.failures[0]
    assert len(server.accepted) == 1
    [found] = all_runs(dataset)
    assert found.error.type == "UnknownSubmissionError"


def test_a_wrong_key_stops_its_model_and_nothing_is_called_failed(dataset, served):
    wrong, right = served(Scenario.WRONG_KEY), served()
    done = run(dataset, {"wrong": own(wrong), "right": own(right)})
    assert (done.succeeded, done.failed) == (5, 0)
    assert len(done.stopped) == 1
    assert done.stopped[0].startswith("wrong: ")
    assert KEY not in done.stopped[0]
    wrong.scenario = Scenario.SUCCESS
    assert run(dataset, {"wrong": own(wrong)}).succeeded == 5
    assert len(wrong.accepted) == 5


@pytest.mark.parametrize("around", ["\r", "\r\n", " "])
def test_a_key_from_a_file_of_another_system_is_the_key(dataset, served, around):
    models = {"wan": own(served())}
    done = run_models(dataset, EXPERIMENT, ["wan"], OPTIONS, own=models, keys={"WAN_KEY": KEY + around})
    assert (done.succeeded, done.failures, done.stopped) == (5, [], [])


def test_what_can_be_no_key_is_refused_before_anything_is_charged(dataset, served):
    server = served()
    keys = {"WAN_KEY": f"{KEY}\N{ZERO WIDTH SPACE}"}
    with pytest.raises(UsageError, match="WAN_KEY is no key") as caught:
        run_models(dataset, EXPERIMENT, ["wan"], OPTIONS, own={"wan": own(server)}, keys=keys)
    assert KEY not in f"{caught.value.message} {caught.value.hint}"
    assert (server.requests, all_runs(dataset)) == ([], [])


def test_a_model_that_cannot_begin_does_not_keep_the_others_from_it(dataset, served):
    server = served()
    models = {"wan": own(server), "keyless": own(server) | {"key": "NOT_SET"}}
    done = run_models(dataset, EXPERIMENT, [*models, "no-such-model"], OPTIONS, own=models, keys={"WAN_KEY": KEY})
    assert done.succeeded == 5
    assert done.stopped == ["keyless needs NOT_SET", "no-such-model: unknown model: no-such-model"]


def test_the_budget_ends_before_it_is_exceeded(dataset, served):
    server = served()
    models = {"wan": own(server, seconds=[5], usd_per_second=0.1)}
    done = run(dataset, models, RunOptions(patience=PATIENCE, budget=1.7))
    assert (done.succeeded, len(server.accepted)) == (3, 3)
    assert done.cost_usd == pytest.approx(1.5)
    assert "the budget of $1.70 ends here" in done.stopped[0]


class Revoked(Fake):
    """A server that accepts jobs and then no longer knows the key."""

    def retrieve(self, job_id):
        return error(401, "the key was revoked", "invalid_api_key")


def test_a_job_that_was_accepted_is_spent_though_the_key_fails_afterwards(dataset, served):
    revoked, right = served(Scenario.SUCCESS, Revoked), served(Scenario.QUEUED)
    models = {name: own(server, seconds=[5], usd_per_second=0.1) for name, server in (("a", revoked), ("b", right))}
    events: list[Event] = []
    done = run(dataset, models, RunOptions(patience=PATIENCE, budget=4), watch=events.append)
    assert len(revoked.accepted) > 0
    assert done.cost_usd == pytest.approx(0.5 * (len(revoked.accepted) + len(right.accepted)))
    assert done.cost_usd <= 4
    assert sum(event.cost_usd or 0 for event in events) == pytest.approx(done.cost_usd)


def test_a_job_that_was_accepted_is_spent_though_it_cannot_be_written_down(dataset, served, monkeypatch):
    server, save = served(), runs.save

    def full(root, one):
        if one.job_id is not None:
            raise OSError(errno.ENOSPC, "No space left on device")
        save(root, one)

    monkeypatch.setattr(runs, "save", full)
    done = run(dataset, {"wan": own(server, seconds=[5], usd_per_second=0.1)})
    assert len(server.accepted) > 0
    assert done.cost_usd == pytest.approx(0.5 * len(server.accepted))
    assert "was accepted, but could not be written down" in done.stopped[0]


def test_a_budget_needs_a_price(dataset, served):
    with pytest.raises(UsageError, match="the price of wan is not known"):
        run(dataset, {"wan": own(served())}, RunOptions(budget=1))


def test_a_dry_run_says_what_the_real_one_then_does(dataset, served):
    server = served()
    models = {"wan": own(server, seconds=[5], usd_per_second=0.1)}
    run(dataset, models, RunOptions(patience=PATIENCE, limit=1))
    options = RunOptions(patience=PATIENCE, runs=2, domains=["maze", "chess"])
    [told] = outlook(dataset, EXPERIMENT, ["wan"], options, own=models, keys={"WAN_KEY": KEY})
    before = len(server.accepted)
    done = run(dataset, models, options)
    assert (told.new + told.resumed, told.skipped) == (done.succeeded, done.skipped) == (6, 2)
    assert told.cost_usd == pytest.approx(done.cost_usd)
    assert len(server.accepted) - before == 6


def test_a_run_that_is_taken_up_costs_what_was_chosen_when_it_began(dataset, served):
    server = served()
    models = {"wan": own(server, seconds=[5, 10], usd_per_second=0.1)}
    begun = RunOptions(patience=PATIENCE, task_ids=["maze_0000"], seconds=10)
    run(dataset, models, begun)
    [found] = all_runs(dataset)
    cut_short(dataset, found, job_id=None, submitted_at=None)
    shorter = replace(begun, seconds=5)
    [told] = outlook(dataset, EXPERIMENT, ["wan"], shorter, own=models, keys={"WAN_KEY": KEY})
    assert (told.resumed, told.cost_usd) == (1, pytest.approx(1))
    done = run(dataset, models, replace(shorter, budget=0.6))
    assert (done.succeeded, len(server.accepted)) == (0, 1)
    assert "the next run may cost $1.00" in done.stopped[0]
    done = run(dataset, models, shorter)
    assert (done.succeeded, done.cost_usd, fields_of(server.accepted[1])["seconds"]) == (1, pytest.approx(1), b"10")
    assert all_runs(dataset)[0].cost_usd == pytest.approx(1)


def test_a_job_that_is_taken_up_is_recorded_with_what_it_cost(dataset, served):
    models = {"wan": own(served(), seconds=[5, 10], usd_per_second=0.1)}
    options = RunOptions(patience=PATIENCE, task_ids=["maze_0000"], seconds=10)
    run(dataset, models, options)
    cut_short(dataset, all_runs(dataset)[0])
    done = run(dataset, models, replace(options, seconds=None))
    assert (done.succeeded, done.cost_usd) == (1, 0)
    assert all_runs(dataset)[0].cost_usd == pytest.approx(1)


@pytest.mark.parametrize("idempotent", [False, True])
def test_a_dry_run_knows_of_a_submission_of_which_nobody_knows(dataset, served, idempotent):
    server = served(Scenario.SUCCESS, Server)
    models = {"wan": own(server, seconds=[5], usd_per_second=0.1, idempotent=idempotent)}
    options = RunOptions(patience=PATIENCE, task_ids=["maze_0000"])
    run(dataset, models, options)
    cut_short(dataset, all_runs(dataset)[0], job_id=None)
    [told] = outlook(dataset, EXPERIMENT, ["wan"], options, own=models, keys={"WAN_KEY": KEY})
    assert (told.resumed, told.unknown) == ((1, 0) if idempotent else (0, 1))
    done = run(dataset, models, replace(options, budget=told.cost_usd))
    assert (done.succeeded, done.failed, done.stopped) == (told.resumed, told.unknown, [])
    assert done.cost_usd == pytest.approx(told.cost_usd)


def test_shards_cover_all_questions_once(dataset, served):
    server = served()
    models = {"wan": own(server)}
    made = [
        run(dataset, models, RunOptions(patience=PATIENCE, shard=Shard(number, 3))).succeeded for number in (1, 2, 3)
    ]
    assert sum(made) == 10 == len(list(dataset.iter_pairs()))
    assert run(dataset, models, RunOptions(patience=PATIENCE)).skipped == 10


@pytest.mark.parametrize("text", ["0/3", "4/3", "1", "a/b", "1/0", "-1/3"])
def test_a_shard_that_does_not_exist_is_refused(text):
    with pytest.raises(UsageError, match="shard"):
        Shard.parse(text)


def test_questions_of_a_difficulty_can_be_chosen(dataset, served):
    from vmevalkit.dataroot import load_pair

    run(dataset, {"wan": own(served())}, RunOptions(patience=PATIENCE, difficulties=["easy"]))
    easy = {key.task_id for key in dataset.iter_pairs() if load_pair(dataset, key).difficulty == "easy"}
    assert {found.task_id for found in all_runs(dataset)} == easy


def test_what_happens_is_told_as_it_happens(dataset, served):
    events: list[Event] = []
    run(dataset, {"wan": own(served())}, RunOptions(patience=PATIENCE, task_ids=["maze_0000"]), watch=events.append)
    assert [event.kind for event in events] == ["planned", "started", "submitted", "succeeded"]
    assert events[2].job_id == "job-1"
    assert {event.run_id for event in events[1:]} == {found.run_id for found in all_runs(dataset)}


def test_no_more_jobs_are_under_way_than_the_model_may_have(dataset, served):
    class Counting(Fake):
        most = 0

        def create(self, request):
            answer = super().create(request)
            self.most = max(self.most, len(self.accepted) - self._downloads)
            return answer

    server = served(Scenario.QUEUED, Counting)
    run(dataset, {"wan": own(server, concurrency=2)}, RunOptions(patience=PATIENCE))
    assert len(server.accepted) == 10
    assert server.most == 2


def test_models_of_all_kinds_run_side_by_side(dataset, served, film, tmp_path):
    (tmp_path / "film.mp4").write_bytes(film)
    copy = "import shutil, sys; shutil.copy(*sys.argv[1:])"
    script = {"type": "command", "command": [sys.executable, "-c", copy, str(tmp_path / "film.mp4"), "{output}"]}
    own_models = {"wan": own(served()), "script": script}
    names = [*own_models, "static"]
    done = run_models(dataset, EXPERIMENT, names, OPTIONS, own=own_models, keys={"WAN_KEY": KEY})
    assert (done.succeeded, done.failures, done.stopped) == (15, [], [])


def test_a_full_disk_stops_with_one_line_per_model(dataset, served, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device", "metadata.json")

    monkeypatch.setattr(runs, "begin", full)
    done = run(dataset, {"a": own(served()), "b": own(served())})
    assert done.succeeded == done.failed == 0
    assert sorted(done.stopped) == [f"{name}: metadata.json: No space left on device" for name in "ab"]


_RUN = [sys.executable, "-m", "vmevalkit", "run", "--experiment", EXPERIMENT]


@pytest.fixture
def questions(made_once, tmp_path) -> DataRoot:
    """Ten questions; the standard 75 in the long form."""
    root = DataRoot(tmp_path / "data")
    if LONG:
        create_dataset(root, pairs_per_domain=15, workers=2)
    else:
        root.path.mkdir()
        (root.path / "questions").symlink_to(made_once.questions)
    return root


@pytest.mark.long
def test_runs_that_are_killed_are_taken_up_and_paid_once(questions, tmp_path, served):
    root, kills, runs_each = questions, *longer((4, 2), (30, 1))
    servers = {name: served(Scenario.QUEUED, Server) for name in ("one", "two", "three")}
    tables = "".join(
        f'[models.{name}]\ntype = "openai"\nbase_url = "{server.url}/v1"\nkey = "WAN_KEY"\nidempotent = true\n'
        for name, server in servers.items()
    )
    (tmp_path / "vmevalkit.toml").write_text(tables)
    command = [*_RUN, "--model", ",".join(servers), "--data-dir", str(root.path), "--runs", str(runs_each)]
    environment = {**os.environ, "WAN_KEY": KEY, "VMEVAL_POLL_SECONDS": "0.05"}
    expected = runs_each * len(list(root.iter_pairs()))
    rng = random.Random(11)
    # A run takes about eight requests: so all kills come while there is work.
    longest = 3 * expected * 8 // (kills + 1)
    for _ in range(kills):
        until = _requests(servers) + rng.randint(1, longest)
        process = subprocess.Popen(
            command, cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        while _requests(servers) < until and process.poll() is None:
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = all_runs(root)
    assert len(found) == 3 * expected
    assert {one.status for one in found} == {"succeeded"}
    for name, server in servers.items():
        assert len(server.accepted) == expected == len({one.job_id for one in found if one.model == name})
    for one in found:
        assert media.probe(root.run_folder(one.key) / "video/model_output.mp4").frames == 8
        folder = root.run_folder(one.key)
        assert sorted(path.name for path in folder.rglob("*") if path.is_file()) == [
            "first_frame.png",
            "metadata.json",
            "model_output.mp4",
            "prompt.txt",
        ]


def _requests(servers):
    return sum(len(server.requests) for server in servers.values())


def test_ctrl_c_ends_it_cleanly(made_once, tmp_path, served):
    root = DataRoot(tmp_path / "data")
    root.path.mkdir()
    (root.path / "questions").symlink_to(made_once.questions)
    server = served(Scenario.SUCCESS, Server)
    server.state = lambda job_id: "running"
    (tmp_path / "vmevalkit.toml").write_text(
        f'[models.wan]\ntype = "openai"\nbase_url = "{server.url}/v1"\nkey = "WAN_KEY"\n'
    )
    command = [*_RUN, "--model", "wan", "--data-dir", str(root.path), "--events", "events.jsonl"]
    process = subprocess.Popen(
        command, cwd=tmp_path, env={**os.environ, "WAN_KEY": KEY}, stderr=subprocess.PIPE, text=True
    )
    log = tmp_path / "events.jsonl"
    until(lambda: log.exists() and "submitted" in log.read_text())
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert err.splitlines()[-2:] == ["error: interrupted", "hint: the same command goes on where this one stopped"]
    told = [json.loads(line) for line in log.read_text().splitlines()]
    assert told[0]["kind"] == "planned"
    assert len(server.accepted) == sum(event["kind"] == "submitted" for event in told)
    assert {found.job_id for found in all_runs(root)} - {None} == {f"job-{n + 1}" for n in range(len(server.accepted))}
    assert KEY not in log.read_text()
