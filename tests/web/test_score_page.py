"""``/score`` as the server sends it: what raters see, and what a form without any script does."""

import re
from html import unescape
from pathlib import Path

import httpx
import pytest
from dashboard_data import EXPERIMENT, add_question, add_run, film, run_of
from page_reading import text

from vmevalkit.dataroot import DataRoot, PairKey, RunKey, Score, load_evaluation
from vmevalkit.evaluators.rubrics import RUBRICS
from vmevalkit.runner.rating import RatingPlan, RatingStudy, save_plan

PAGE = f"/score/{EXPERIMENT}"
MODEL = "zebra-model"


@pytest.fixture(scope="session")
def rated_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rated") / "film.mp4"
    film(path, PairKey("maze", "maze_0000"))
    return path


@pytest.fixture
def runs(own_root: DataRoot, rated_film: Path) -> list[RunKey]:
    """Three videos of one model, each to be scored by one person."""
    keys = [run_of(MODEL, f"maze_{number:04d}") for number in range(3)]
    for key in keys:
        add_question(own_root, key.pair, ground_truth=False)
        add_run(own_root, key, video=rated_film)
    save_plan(own_root, EXPERIMENT, RatingPlan(overlap=0))
    return keys


@pytest.fixture
def pages(own_client: httpx.Client, runs: list[RunKey]) -> httpx.Client:
    return own_client


def item_of(html: str) -> str:
    (item,) = re.findall(r'name="item" value="([^"]*)"', html)
    return item


def turn(pages: httpx.Client, rater: str = "Ana") -> str:
    answer = pages.get(PAGE, params={"rater": rater})
    assert answer.status_code == 200
    return answer.text


def send(pages: httpx.Client, **fields: str) -> str:
    """Send the form as a browser does, and return the page that it leads to."""
    answer = pages.post(PAGE, data={"rater": "Ana", **fields}, follow_redirects=False)
    assert answer.status_code == 303, answer.text
    page = pages.get(answer.headers["location"])
    assert page.status_code == 200
    return page.text


def words(root: DataRoot, runs: list[RunKey]) -> list[Score]:
    """Return what the files say that people have said."""
    found = [load_evaluation(root, EXPERIMENT, run.model, run.pair, "human-eval") for run in runs]
    return [score for evaluation in found if evaluation for score in evaluation.records]


def test_the_first_page_lists_experiments_with_their_progress(pages: httpx.Client) -> None:
    send(pages, item=item_of(turn(pages)), score="4")
    html = pages.get("/score").text
    assert f'href="{PAGE}"' in html
    assert "1 of 3 videos scored by people" in text(html)


def test_an_empty_data_root_says_what_to_do(own_client: httpx.Client) -> None:
    assert "vmevalkit create" in own_client.get("/score").text


def test_an_experiment_first_asks_for_a_name_and_shows_how_far_everybody_is(pages: httpx.Client) -> None:
    send(pages, item=item_of(turn(pages)), score="4")
    html = pages.get(PAGE).text
    assert 'name="rater"' in html
    assert "Ana 1 0 2" in text(html)
    assert "1 of 3 scores given" in text(html)


def test_a_name_that_cannot_be_one_is_asked_for_again(pages: httpx.Client) -> None:
    answer = pages.get(PAGE, params={"rater": "<b>Ana"})
    assert answer.status_code == 400
    assert "is not a valid name" in text(answer.text)
    assert 'value="&lt;b&gt;Ana"' in answer.text


def test_an_unknown_experiment_is_not_found(pages: httpx.Client) -> None:
    answer = pages.get("/score/pilot_experimen")
    assert answer.status_code == 404
    assert f"Did you mean {EXPERIMENT}?" in text(answer.text)


def test_a_rater_sees_the_question_and_the_video_but_not_the_model(pages: httpx.Client) -> None:
    html = turn(pages)
    assert "Move the dot." in text(html)
    for kind in ("video", "first_frame", "final_frame"):
        assert f'/media/{item_of(html)}/{kind}"' in html
    assert "zebra" not in html
    assert not re.search(r"maze_\d{4}", html)


def test_a_plan_that_is_not_blind_names_the_model(own_root: DataRoot, pages: httpx.Client) -> None:
    save_plan(own_root, EXPERIMENT, RatingPlan(overlap=0, blind=False))
    assert MODEL in turn(pages)


def test_each_score_says_what_it_means_for_this_kind_of_puzzle(pages: httpx.Client) -> None:
    html = turn(pages)
    for score, meaning in enumerate(RUBRICS["maze"].levels, start=1):
        (shown,) = re.findall(rf'id="meaning-{score}"[^>]*>([^<]*)<', html)
        assert unescape(shown) == meaning


def test_a_form_saves_the_score_and_leads_to_the_next_video(
    own_root: DataRoot, pages: httpx.Client, runs: list[RunKey]
) -> None:
    item = item_of(turn(pages))
    html = send(pages, item=item, score="4", comment="  a flicker ")
    assert item_of(html) != item
    assert "Saved." in text(html)
    assert "1 scored, 2 to go" in text(html)
    (word,) = words(own_root, runs)
    assert (word.rater, word.status, word.score, word.explanation) == ("Ana", "scored", 4, "a flicker")


def test_the_same_form_sent_twice_leaves_one_score(own_root: DataRoot, pages: httpx.Client, runs: list[RunKey]) -> None:
    item = item_of(turn(pages))
    send(pages, item=item, score="4")
    assert "It replaces what you had said" in text(send(pages, item=item, score="2"))
    assert [word.score for word in words(own_root, runs)] == [2]


def test_a_skip_says_why(own_root: DataRoot, pages: httpx.Client, runs: list[RunKey]) -> None:
    html = send(pages, item=item_of(turn(pages)), skip="The video does not play", comment="black")
    assert "Skipped." in text(html)
    (word,) = words(own_root, runs)
    assert (word.status, word.score, word.explanation) == ("skipped", None, "The video does not play: black")


def test_undo_takes_the_last_word_back_and_shows_its_video(
    own_root: DataRoot, pages: httpx.Client, runs: list[RunKey]
) -> None:
    item = item_of(turn(pages))
    send(pages, item=item, score="4")
    html = send(pages, undo="1")
    assert "Taken back" in text(html)
    assert item_of(html) == item
    assert words(own_root, runs) == []
    assert "There is nothing to take back." in text(send(pages, undo="1"))


def test_when_all_is_scored_it_says_so(pages: httpx.Client) -> None:
    for _ in range(3):
        html = send(pages, item=item_of(turn(pages)), score="5")
    (done,) = re.findall(r'<div class="empty" data-of="done"([^>]*)>', html)
    assert "hidden" not in done
    assert "3 scored, 0 to go" in text(html)


def test_what_others_hold_is_waited_for(own_root: DataRoot, pages: httpx.Client) -> None:
    with RatingStudy(own_root, EXPERIMENT) as study:
        study.next("Ben", ahead=2)
    html = turn(pages)
    (waiting,) = re.findall(r'<div class="empty" data-of="wait"([^>]*)>', html)
    assert "hidden" not in waiting


def test_a_video_that_is_gone_leads_to_the_next_one(pages: httpx.Client) -> None:
    assert "cannot be scored any more" in text(send(pages, item="0" * 20, score="3"))


@pytest.mark.parametrize(
    "fields",
    [
        {"score": "6"},
        {"score": ""},
        {"score": "٣"},
        {},
        {"score": "3", "rater": ""},
        {"score": "3", "comment": "x" * 5000},
    ],
)
def test_a_form_that_makes_no_sense_is_refused(
    own_root: DataRoot, pages: httpx.Client, runs: list[RunKey], fields: dict[str, str]
) -> None:
    answer = pages.post(PAGE, data={"rater": "Ana", "item": item_of(turn(pages)), **fields})
    assert answer.status_code == 400
    assert words(own_root, runs) == []


@pytest.mark.parametrize("body", [b"\xff\xfe", b"&".join([b"a=1"] * 100)])
def test_a_body_that_is_no_form_is_refused(pages: httpx.Client, body: bytes) -> None:
    assert pages.post(PAGE, content=body).status_code == 400


def test_another_web_site_cannot_score(own_root: DataRoot, pages: httpx.Client, runs: list[RunKey]) -> None:
    fields = {"rater": "Ana", "item": item_of(turn(pages)), "score": "1"}
    answer = pages.post(PAGE, data=fields, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert words(own_root, runs) == []


def test_agreement_is_shown_once_enough_videos_have_several_scores(
    own_root: DataRoot, own_client: httpx.Client, rated_film: Path
) -> None:
    keys = [run_of(MODEL, f"maze_{number:04d}") for number in range(6)]
    for key in keys:
        add_question(own_root, key.pair, ground_truth=False)
        add_run(own_root, key, video=rated_film)
    save_plan(own_root, EXPERIMENT, RatingPlan(overlap=1))
    with RatingStudy(own_root, EXPERIMENT) as study:
        items = study.next("Ana", ahead=5).items
        for number, item in enumerate(items):
            study.score("Ana", item.item, 1 + number % 5)
            if number == 4:
                assert "How far raters agree is shown once 5" in text(own_client.get(PAGE).text)
            study.score("Ben", item.item, 1 + number % 5)
    assert "= 1.00" in text(own_client.get(PAGE).text)


def test_a_page_that_is_gone_back_to_is_asked_for_again(pages: httpx.Client) -> None:
    assert pages.get(PAGE, params={"rater": "Ana"}).headers["cache-control"] == "no-store"
