"""``/api/rating``: what raters are told, what they say, and that nothing of it is lost."""

import random
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from dashboard_data import EXPERIMENT, add_question, add_run, film, run_of, serving
from support.long import longer

from vmevalkit.dataroot import DataRoot, PairKey, RunKey, Score, load_evaluation, read_json
from vmevalkit.runner.rating import load_plan
from vmevalkit.runner.rating.plan import place_of
from vmevalkit.web import DashboardConfig, create_app

ITEMS, KILLS = longer((25, 2), (100, 20))
RATERS = tuple(f"rater {number}" for number in range(8))
MODEL = "zebra-model"
BASE = f"/api/rating/{EXPERIMENT}"
MEGABYTES_16 = 16 * 1024 * 1024


@pytest.fixture(scope="session")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rated") / "film.mp4"
    film(path, PairKey("maze", "maze_0000"))
    return path


def fill(root: DataRoot, video: Path, count: int, model: str = MODEL) -> list[RunKey]:
    """Make questions of one domain, and one model's videos."""
    runs = [run_of(model, f"maze_{number:04d}") for number in range(count)]
    for run in runs:
        add_question(root, run.pair, ground_truth=False)
        add_run(root, run, video=video)
    return runs


@pytest.fixture
def runs(own_root: DataRoot, video: Path) -> list[RunKey]:
    return fill(own_root, video, 3)


@pytest.fixture
def api(own_client: httpx.Client, runs: list[RunKey]) -> httpx.Client:
    """The API on three items."""
    return own_client


def next_item(api: httpx.Client, rater: str = "Ana", **query: int) -> dict[str, Any]:
    answer = api.get(f"{BASE}/next", params={"rater": rater, **query})
    assert answer.status_code == 200, answer.text
    return answer.json()


def post(api: httpx.Client, item: str, score: int | None = 3, **more: Any) -> httpx.Response:
    return api.post(f"{BASE}/scores", json={"rater": "Ana", "item": item, "score": score, **more})


def saved(root: DataRoot) -> dict[tuple[RunKey, str], Score]:
    """Return all that people have said, from the files, by run and rater; no rater is there twice."""
    found: dict[tuple[RunKey, str], Score] = {}
    for run in root.iter_runs(EXPERIMENT):
        evaluation = load_evaluation(root, EXPERIMENT, run.model, run.pair, "human-eval")
        for score in evaluation.records if evaluation else ():
            if score.run_id == run.run_id:
                assert (run, score.rater) not in found
                found[run, score.rater] = score
    return found


# --- what a page needs


def test_the_next_item_says_all_that_a_page_shows(api: httpx.Client) -> None:
    body = next_item(api)
    item = body["item"]["item"]
    assert re.fullmatch("[0-9a-f]{20}", item)
    assert body == {
        "item": {
            "item": item,
            "domain": "maze",
            "difficulty": "easy",
            "prompt": "Move the dot.",
            "model": None,
            "video": {"width": 96, "height": 96, "fps": 8.0, "frames": 16, "duration": 2.0},
            "video_url": f"{BASE}/media/{item}/video",
            "first_frame_url": f"{BASE}/media/{item}/first_frame",
            "final_frame_url": f"{BASE}/media/{item}/final_frame",
        },
        "ahead": [],
        "retry_after": None,
        "progress": {"rater": "Ana", "done": 0, "skipped": 0, "remaining": 3},
    }


@pytest.mark.parametrize(
    ("field", "kind"), [("video_url", "video/mp4"), ("first_frame_url", "image/png"), ("final_frame_url", "image/png")]
)
def test_the_addresses_of_an_item_lead_to_its_files(
    api: httpx.Client, own_root: DataRoot, runs: list[RunKey], field: str, kind: str
) -> None:
    address = next_item(api)["item"][field]
    answer = api.get(address)
    assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
    assert api.head(address).headers["content-length"] == str(len(answer.content))


def test_a_video_comes_in_ranges(api: httpx.Client, video: Path) -> None:
    address = next_item(api)["item"]["video_url"]
    answer = api.get(address, headers={"Range": "bytes=4-7"})
    assert (answer.status_code, answer.content) == (206, video.read_bytes()[4:8])


def test_behind_a_proxy_the_addresses_begin_with_its_prefix(own_root: DataRoot, runs: list[RunKey]) -> None:
    app = create_app(DashboardConfig(own_root, root_path="/lab"))
    with serving(app) as served, httpx.Client(base_url=served.url, trust_env=False) as api:
        assert next_item(api)["item"]["video_url"].startswith(f"/lab{BASE}/media/")


def test_the_items_ahead_can_be_loaded_early_and_come_next(api: httpx.Client) -> None:
    body = next_item(api, ahead=2)
    post(api, body["item"]["item"])
    assert next_item(api)["item"] == body["ahead"][0]


def test_a_score_is_saved_and_the_answer_says_how_far_the_rater_is(api: httpx.Client, own_root: DataRoot) -> None:
    item = next_item(api)["item"]["item"]
    body = post(api, item, 4, comment="nearly").json()
    [(run, rater)] = saved(own_root)
    score = saved(own_root)[run, rater]
    assert (rater, score.score, score.passed, score.explanation) == ("Ana", 4, True, "nearly")
    assert body == {
        "item": item,
        "said": {"status": "scored", "score": 4, "comment": "nearly", "created_at": score.created_at},
        "replaced": None,
        "progress": {"rater": "Ana", "done": 1, "skipped": 0, "remaining": 2},
    }


def test_a_skip_is_saved(api: httpx.Client, own_root: DataRoot) -> None:
    body = post(api, next_item(api)["item"]["item"], None, skip=True, comment="it is black").json()
    assert (body["said"]["status"], body["said"]["score"], body["said"]["comment"]) == ("skipped", None, "it is black")
    assert [score.status for score in saved(own_root).values()] == ["skipped"]


def test_a_score_that_is_posted_again_replaces_the_first(api: httpx.Client, own_root: DataRoot) -> None:
    item = next_item(api)["item"]["item"]
    post(api, item, 1)
    assert post(api, item, 5).json()["replaced"]["score"] == 1
    assert [score.score for score in saved(own_root).values()] == [5]


def test_undo_returns_the_item_and_what_was_said_of_it(api: httpx.Client, own_root: DataRoot) -> None:
    item = next_item(api)["item"]
    post(api, item["item"], 2, comment="no")
    body = api.delete(f"{BASE}/scores/last", params={"rater": "Ana"}).json()
    assert (body["item"], body["said"]["score"], body["said"]["comment"]) == (item, 2, "no")
    assert body["progress"]["done"] == 0
    assert not saved(own_root)
    assert next_item(api)["item"] == item


def test_where_nothing_was_said_nothing_is_taken_back(api: httpx.Client) -> None:
    answer = api.delete(f"{BASE}/scores/last", params={"rater": "Ana"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


def test_an_undo_that_is_sent_twice_is_refused_the_second_time(api: httpx.Client, own_root: DataRoot) -> None:
    items = [next_item(api)["item"]["item"]]
    post(api, items[0])
    items.append(next_item(api)["item"]["item"])
    post(api, items[1])
    answers = [api.delete(f"{BASE}/scores/last", params={"rater": "Ana", "item": items[1]}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 409]
    assert answers[1].json()["error"]["code"] == "conflict"
    assert len(saved(own_root)) == 1


def test_an_item_can_be_looked_at_again_with_what_one_has_said(api: httpx.Client) -> None:
    item = next_item(api)["item"]
    post(api, item["item"], 2)
    answers = [
        api.get(f"{BASE}/items/{item['item']}", params=q).json() for q in ({"rater": "Ana"}, {"rater": "Bo"}, {})
    ]
    assert [answer["item"] for answer in answers] == [item] * 3
    assert [answer["said"] and answer["said"]["score"] for answer in answers] == [2, None, None]


def test_who_has_to_wait_for_others_is_told_how_long(api: httpx.Client) -> None:
    api.put(f"{BASE}/plan", json={"overlap": 0})
    next_item(api, ahead=2)
    body = next_item(api, "Bo")
    assert body["item"] is None
    assert 0 < body["retry_after"] <= 600


def test_who_has_done_it_all_is_told_so(api: httpx.Client) -> None:
    for _ in range(3):
        post(api, next_item(api)["item"]["item"])
    body = next_item(api)
    assert (body["item"], body["retry_after"], body["progress"]["remaining"]) == (None, None, 0)


def test_progress_is_that_of_all_raters(api: httpx.Client) -> None:
    api.put(f"{BASE}/plan", json={"overlap": 0})
    post(api, next_item(api)["item"]["item"])
    post(api, next_item(api)["item"]["item"], None, skip=True)
    assert api.get(f"{BASE}/progress").json() == {
        "items": 3,
        "complete": 1,
        "needed": 3,
        "given": 1,
        "raters": [{"rater": "Ana", "done": 1, "skipped": 1, "remaining": 1}],
        "problems": [],
    }


def test_agreement_is_that_of_the_scores(api: httpx.Client) -> None:
    api.put(f"{BASE}/plan", json={"overlap": 1})
    for rater, scores in (("Ana", (1, 3, 5)), ("Bo", (1, 3, 5))):
        for score in scores:
            post(api, next_item(api, rater)["item"]["item"], score, rater=rater)
    body = api.get(f"{BASE}/agreement").json()
    assert (body["alpha"]["value"], body["alpha"]["items"]) == (1, 3)
    assert [(pair["first"], pair["second"], pair["kappa"]["value"]) for pair in body["pairs"]] == [("Ana", "Bo", 1)]


def test_where_nobody_has_scored_agreement_says_why_there_is_none(api: httpx.Client) -> None:
    body = api.get(f"{BASE}/agreement").json()
    assert body["alpha"]["value"] is None
    assert body["alpha"]["reason"]


# --- the plan


def test_the_plan_is_the_default_one_until_it_is_written(api: httpx.Client, own_root: DataRoot) -> None:
    default = {"seed": 0, "overlap": 0.2, "raters_per_item": 2, "blind": True, "domains": None, "models": None}
    assert api.get(f"{BASE}/plan").json() == {**default, "created_at": None}
    written = api.put(f"{BASE}/plan", json={"overlap": 0.5, "models": [MODEL]}).json()
    assert {**written, "created_at": None} == {**default, "overlap": 0.5, "models": [MODEL], "created_at": None}
    assert api.get(f"{BASE}/plan").json() == written == read_json(own_root.rating_plan(EXPERIMENT))


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ({"overlap": 2}, "overlap: "),
        ({"raters_per_item": 0}, "raters_per_item: "),
        ({"seed": "x"}, "seed: "),
        ({"blnd": True}, "blnd: "),
        ({"models": ["../x"]}, "'../x' is not a valid name"),
        ({"models": ["zebra"]}, "unknown model: zebra"),
        ({"domains": ["mase"]}, "unknown domain: mase"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(
    api: httpx.Client, own_root: DataRoot, plan: dict[str, Any], said: str
) -> None:
    answer = api.put(f"{BASE}/plan", json=plan)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_parameter")
    assert said in answer.json()["error"]["message"]
    assert not own_root.rating_plan(EXPERIMENT).exists()


def test_a_malformed_plan_is_named_but_not_where_it_lies(api: httpx.Client, own_root: DataRoot) -> None:
    own_root.rating_plan(EXPERIMENT).parent.mkdir(parents=True)
    own_root.rating_plan(EXPERIMENT).write_text('{"overlap": 7}')
    for path in ("plan", "next?rater=Ana", "progress"):
        answer = api.get(f"{BASE}/{path}")
        assert answer.status_code == 500
        assert answer.json()["error"]["message"].startswith("human-eval.plan.json: overlap: ")
        assert str(own_root.path) not in answer.text


# --- what is refused


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"rater": "Ana"},
        {"rater": "Ana", "item": "ITEM"},
        {"rater": "Ana", "item": "ITEM", "score": None},
        {"rater": "Ana", "item": "ITEM", "score": 0},
        {"rater": "Ana", "item": "ITEM", "score": 6},
        {"rater": "Ana", "item": "ITEM", "score": 3.5},
        {"rater": "Ana", "item": "ITEM", "score": "3"},
        {"rater": "Ana", "item": "ITEM", "score": True},
        {"rater": "Ana", "item": "ITEM", "score": 3, "skip": True},
        {"rater": "Ana", "item": "ITEM", "score": 3, "comment": "x" * 4001},
        {"rater": "Ana", "item": "ITEM", "score": 3, "note": "x"},
        {"rater": "", "item": "ITEM", "score": 3},
        {"rater": "a/b", "item": "ITEM", "score": 3},
        {"rater": "x" * 41, "item": "ITEM", "score": 3},
        [],
        "ITEM",
    ],
)
def test_a_score_that_makes_no_sense_is_refused(api: httpx.Client, own_root: DataRoot, body: Any) -> None:
    if isinstance(body, dict) and "item" in body:
        body = {**body, "item": next_item(api)["item"]["item"]}
    answer = api.post(f"{BASE}/scores", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_parameter")
    assert not saved(own_root)


def test_a_body_that_is_no_json_is_refused(api: httpx.Client) -> None:
    assert api.post(f"{BASE}/scores", content=b"{").status_code == 422


@pytest.mark.parametrize("rater", ["", "a/b", "x" * 41, " Ana"])
def test_a_rater_without_a_proper_name_is_told_what_one_is(api: httpx.Client, rater: str) -> None:
    answer = api.get(f"{BASE}/next", params={"rater": rater})
    assert answer.status_code == 422
    assert answer.json()["error"]["message"].startswith(f"rater: rater {rater!r} is not a valid name; use up to 40")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"{BASE}/items/0123456789abcdef0123"),
        ("GET", f"{BASE}/media/0123456789abcdef0123/video"),
        ("GET", f"{BASE}/media/{MODEL}/video"),
        ("GET", "/api/rating/nobody/next?rater=Ana"),
        ("GET", "/api/rating/nobody/plan"),
        ("GET", "/api/rating/nobody/progress"),
        ("PUT", "/api/rating/nobody/plan"),
        ("DELETE", "/api/rating/nobody/scores/last?rater=Ana"),
    ],
)
def test_what_is_not_there_is_not_found(api: httpx.Client, own_root: DataRoot, method: str, path: str) -> None:
    answer = api.request(method, path, json={} if method == "PUT" else None)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
    assert not (own_root.evaluations / "nobody").exists()


def test_a_score_for_an_item_that_is_not_there_is_not_found(api: httpx.Client, own_root: DataRoot) -> None:
    answer = post(api, "0123456789abcdef0123")
    assert answer.status_code == 404
    assert "ask for the next one" in answer.json()["error"]["hint"]
    assert not saved(own_root)


@pytest.mark.parametrize("name", ["..", "%2e%2e", "..%2f..", "%00", "-rf", "x" * 200])
def test_an_experiment_that_climbs_is_refused(api: httpx.Client, own_root: DataRoot, name: str) -> None:
    before = sorted(own_root.path.rglob("*"))
    assert 400 <= api.put(f"/api/rating/{name}/plan", json={}).status_code < 500
    assert sorted(own_root.path.rglob("*")) == before


def test_a_frame_that_is_a_link_out_of_its_folder_is_refused(
    api: httpx.Client, own_root: DataRoot, runs: list[RunKey], tmp_path: Path
) -> None:
    (tmp_path / "secret.png").write_bytes(b"secret")
    for run in runs:
        frame = own_root.pair_folder(run.pair) / "first_frame.png"
        frame.unlink()
        frame.symlink_to(tmp_path / "secret.png")
    answer = api.get(next_item(api)["item"]["first_frame_url"])
    assert answer.status_code == 400
    assert b"secret" not in answer.content


def test_a_body_above_16_megabytes_is_refused(api: httpx.Client, own_root: DataRoot) -> None:
    item = next_item(api)["item"]["item"]
    answer = post(api, item, comment="x" * MEGABYTES_16)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "body_too_large")
    assert not saved(own_root)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://somewhere.example"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "OWN"}, 200),
    ],
)
def test_only_our_own_pages_and_programs_can_write(
    api: httpx.Client, own_root: DataRoot, headers: dict[str, str], status: int
) -> None:
    own = str(api.base_url).rstrip("/")
    headers = {name: value.replace("OWN", own) for name, value in headers.items()}
    item = next_item(api)["item"]["item"]
    body = {"rater": "Ana", "item": item, "score": 3}
    writes = [
        api.post(f"{BASE}/scores", json=body, headers=headers),
        api.delete(f"{BASE}/scores/last", params={"rater": "Ana"}, headers=headers),
        api.put(f"{BASE}/plan", json={}, headers=headers),
    ]
    assert [answer.status_code for answer in writes] == [status] * 3
    if status == 403:
        assert writes[0].json()["error"]["code"] == "forbidden"
        assert "content-security-policy" in writes[0].headers
        assert not own_root.evaluations.exists()


# --- blindness


def test_no_answer_names_the_model(api: httpx.Client, own_root: DataRoot, runs: list[RunKey]) -> None:
    answers = []

    def ask(method: str, path: str, **more: Any) -> Any:
        answer = api.request(method, path, **more)
        answers.append(answer)
        return answer.json() if "json" in answer.headers["content-type"] else None

    body = ask("GET", f"{BASE}/next?rater=Ana&ahead=2")
    item = body["item"]["item"]
    for kind in ("video_url", "first_frame_url", "final_frame_url"):
        ask("GET", body["item"][kind])
        ask("HEAD", body["item"][kind])
    size = answers[-1].headers["content-length"]
    ask("GET", body["item"]["final_frame_url"], headers={"Range": f"bytes={size}-"})
    for score in (None, 3):
        ask("POST", f"{BASE}/scores", json={"rater": "Ana", "item": item, "score": score, "skip": score is None})
    ask("GET", f"{BASE}/items/{item}?rater=Ana")
    ask("DELETE", f"{BASE}/scores/last?rater=Ana")
    for path in ("plan", "progress", "agreement"):
        ask("GET", f"{BASE}/{path}")
    ask("GET", f"{BASE}/media/{item}/sound")
    for run in runs:
        (own_root.run_folder(run) / "metadata.json").write_text("{")
    ask("GET", f"{BASE}/items/{item}")
    ask("GET", f"{BASE}/media/{item}/video")
    ask("GET", f"{BASE}/next?rater=Ana")
    problems = ask("GET", f"{BASE}/progress")["problems"]
    assert {answer.status_code for answer in answers} == {200, 404, 416, 422}
    for answer in answers:
        said = f"{answer.request.url} {dict(answer.headers)} ".encode() + answer.content
        assert MODEL.encode() not in said, answer.request.url
    assert all(problem["message"].startswith("metadata.json: malformed JSON") for problem in problems)


def test_a_plan_that_is_not_blind_names_the_model(api: httpx.Client) -> None:
    api.put(f"{BASE}/plan", json={"blind": False})
    assert next_item(api)["item"]["model"] == MODEL


# --- many raters at once, and servers that end


def rate_all(urls: list[str], rater: str) -> dict[str, int]:
    """Rate until there is nothing left, through the servers in turn; return the scores that they have confirmed.

    A server that does not answer is asked again later.
    """
    confirmed: dict[str, int] = {}
    turn = 0
    with httpx.Client(trust_env=False, timeout=60) as client:
        while True:
            base, score = f"{urls[turn % len(urls)]}{BASE}", 1 + turn % 5
            turn += 1
            try:
                item = client.get(f"{base}/next", params={"rater": rater}).raise_for_status().json()["item"]
                if item is None:
                    return confirmed
                body = {"rater": rater, "item": item["item"], "score": score}
                client.post(f"{base}/scores", json=body).raise_for_status()
            except httpx.TransportError:
                time.sleep(0.02)
                continue
            assert item["item"] not in confirmed
            confirmed[item["item"]] = score


def rate_together(urls: list[str]) -> dict[tuple[str, str], int]:
    """Let all raters rate at the same time; return the confirmed scores by item and rater."""
    with ThreadPoolExecutor(len(RATERS)) as pool:
        at_work = {rater: pool.submit(rate_all, urls, rater) for rater in RATERS}
    return {(item, rater): score for rater, done in at_work.items() for item, score in done.result().items()}


def by_item(root: DataRoot) -> dict[tuple[str, str], int | None]:
    """Return the saved scores by item and rater."""
    plan = load_plan(root, EXPERIMENT)
    return {(place_of(plan, run).item, rater): score.score for (run, rater), score in saved(root).items()}


def start(root: DataRoot, port: int = 0) -> tuple[subprocess.Popen[str], str]:
    """Start a dashboard in a process of its own; return the process and its URL."""
    command = [sys.executable, "-m", "vmevalkit", "dashboard", "--data-dir", str(root.path), "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout as said:
        url = re.search(r"http://\S+", said.readline())
    assert url
    return process, url[0]


@contextmanager
def dashboard(root: DataRoot) -> Iterator[str]:
    """Run a dashboard in a process of its own for the length of the block."""
    process, url = start(root)
    try:
        yield url
    finally:
        process.kill()
        process.wait()


def plan_for(url: str, **plan: Any) -> None:
    httpx.put(f"{url}{BASE}/plan", json=plan, trust_env=False).raise_for_status()


@pytest.mark.long
def test_8_raters_at_once_lose_nothing(own_root: DataRoot, video: Path) -> None:
    fill(own_root, video, ITEMS)
    with serving(DashboardConfig(own_root)) as served:
        plan_for(served.url, overlap=1, raters_per_item=8)
        confirmed = rate_together([served.url])
        progress = httpx.get(f"{served.url}{BASE}/progress", trust_env=False).json()
    assert len(confirmed) == 8 * ITEMS
    assert by_item(own_root) == confirmed
    assert (progress["complete"], progress["given"]) == (ITEMS, 8 * ITEMS)


@pytest.mark.long
def test_two_servers_on_one_data_root_lose_nothing(own_root: DataRoot, video: Path) -> None:
    fill(own_root, video, ITEMS)
    with dashboard(own_root) as one, dashboard(own_root) as other:
        plan_for(one, overlap=1, raters_per_item=8)
        confirmed = rate_together([one, other])
    assert len(confirmed) == 8 * ITEMS
    assert by_item(own_root) == confirmed


@pytest.mark.long
def test_two_servers_do_not_give_the_last_place_twice(own_root: DataRoot, video: Path) -> None:
    runs = fill(own_root, video, ITEMS)
    with dashboard(own_root) as one, dashboard(own_root) as other:
        plan_for(one, overlap=0)
        confirmed = rate_together([one, other])
    assert by_item(own_root) == confirmed
    assert len({item for item, _ in confirmed}) == len(confirmed) == len(runs)


@pytest.mark.long
def test_a_server_that_is_killed_has_saved_what_it_has_confirmed_and_nothing_by_halves(
    own_root: DataRoot, video: Path
) -> None:
    runs = fill(own_root, video, ITEMS)
    process, url = start(own_root)
    plan_for(url, overlap=1, raters_per_item=8)
    chance = random.Random(7)
    with ThreadPoolExecutor(1) as pool:
        raters = pool.submit(rate_together, [url])
        for kill in range(KILLS):
            enough = (kill + chance.random()) * 8 * ITEMS / (KILLS + 1)
            while len(saved(own_root)) < enough:
                time.sleep(0.01)
            assert not raters.done()
            process.kill()
            process.wait()
            assert all(read_json(path)["records"] for path in own_root.evaluations.rglob("human-eval.json"))
            process, _ = start(own_root, int(url.rpartition(":")[2]))
        confirmed = raters.result()
    process.kill()
    process.wait()
    assert set(saved(own_root)) == {(run, rater) for run in runs for rater in RATERS}
    assert confirmed.items() <= by_item(own_root).items()
