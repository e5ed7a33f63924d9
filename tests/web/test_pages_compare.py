"""The comparison: where sides differ, and by how much."""

import re

import httpx
import pytest
from dashboard_data import EXPERIMENT, add_question, add_run, add_score, run_of
from fastapi.testclient import TestClient
from page_reading import links, page, table, text

from vmevalkit.dataroot import DataRoot, PairKey

_CARD = re.compile(r'<li class="run-card">(.*?)</li>', re.DOTALL)
SOLVED = {"first": (0, 1, 2, 3, 4, 5), "second": (4, 5, 6), "third": ()}
"""Of eight questions, those that each model solves."""


def sides(*models: str) -> str:
    return "/compare?side=" + ",".join(f"{EXPERIMENT}/{model}" for model in models)


def cards(html: str) -> list[str]:
    return [text(card) for card in _CARD.findall(html)]


@pytest.fixture
def three(own_root: DataRoot) -> None:
    for number in range(8):
        task_id = f"maze_{number:04d}"
        add_question(own_root, PairKey("maze", task_id), ground_truth=False)
        for model, solved in SOLVED.items():
            key = run_of(model, task_id)
            add_run(own_root, key, status="running")
            add_score(own_root, key, 5 if number in solved else 1)


@pytest.mark.usefixtures("three")
def test_two_sides_are_counted_by_domain_with_the_test_of_mcnemar(own_client: TestClient) -> None:
    rows = table(page(own_client, sides("first", "second")), "duel-head")
    # drawing, both, only first, only second, neither, difference with interval, exact p: 2 * P(at most 1 of 5)
    assert rows["All domains"] == rows["maze"]
    assert rows["maze"][1:5] == ["2", "4", "1", "1"]
    assert rows["maze"][5].startswith("+38 ")
    assert rows["maze"][6] == "p = 0.38"


@pytest.mark.usefixtures("three")
def test_the_parts_are_drawn_as_wide_as_they_are(own_client: TestClient) -> None:
    bar = page(own_client, sides("first", "second")).partition('class="bar-cell"')[2].partition("</svg>")[0]
    drawn = re.findall(r'<rect class="([\w-]+)" x="([\d.]+)%" width="([\d.]+)%"', bar)
    assert drawn == [
        ("both", "0.0", "25.0"),
        ("only-first", "25.0", "50.0"),
        ("only-second", "75.0", "12.5"),
        ("neither", "87.5", "12.5"),
    ]


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("kind", "questions"),
    [
        ("differ", [0, 1, 2, 3, 6]),
        ("only_first", [0, 1, 2, 3]),
        ("only_second", [6]),
        ("both", [4, 5]),
        ("neither", [7]),
    ],
)
def test_the_questions_of_each_kind_are_shown(own_client: TestClient, kind: str, questions: list[int]) -> None:
    found = cards(page(own_client, f"{sides('first', 'second')}&kind={kind}"))
    assert [card.partition(" ")[0] for card in found] == [f"maze_{number:04d}" for number in questions]


@pytest.mark.usefixtures("three")
def test_a_question_shows_both_outcomes_and_leads_to_its_page(own_client: TestClient) -> None:
    html = page(own_client, f"{sides('first', 'second')}&kind=only_second")
    assert cards(html) == ["maze_0006 easy first ✗ Failed second ✓ Passed"]
    assert links(html, "maze_0006 easy") == [f"/question/maze/maze_0006?experiment={EXPERIMENT}"]


@pytest.mark.usefixtures("three")
def test_of_three_sides_every_two_are_counted(own_client: TestClient) -> None:
    html = page(own_client, sides("first", "second", "third"))
    matrix = table(html, "matrix-head")
    assert matrix == {
        "first": ["", "4 : 1 p = 0.38", "6 : 0 p = 0.031"],
        "second": ["1 : 4 p = 0.38", "", "3 : 0 p = 0.25"],
        "third": ["0 : 6 p = 0.031", "0 : 3 p = 0.25", ""],
    }
    chosen = page(own_client, links(html, "6 : 0 p = 0.031")[0])
    assert "first against third" in text(chosen)


@pytest.mark.usefixtures("three")
def test_two_sides_need_no_matrix(own_client: TestClient) -> None:
    assert "Every two" not in text(page(own_client, sides("first", "second")))


@pytest.mark.usefixtures("three")
def test_a_side_of_three_can_be_taken_away(own_client: TestClient) -> None:
    html = page(own_client, sides("first", "second", "third"))
    away = page(own_client, links(html, "Take away")[0])
    assert "second against third" in text(away)
    assert "Take away" not in text(away)


@pytest.mark.usefixtures("three")
def test_the_form_sends_sides_one_by_one(own_client: TestClient) -> None:
    address = "/compare?" + "&".join(f"side={EXPERIMENT}/{model}" for model in ("third", "first")) + "&side="
    assert "third against first" in text(page(own_client, address))


@pytest.mark.usefixtures("three")
def test_as_long_as_nothing_is_chosen_the_two_best_are_compared(own_client: TestClient) -> None:
    assert "first against second" in text(page(own_client, "/compare"))
    assert "third against first" in text(page(own_client, sides("third")))


def test_one_model_in_two_experiments_is_named_with_them(own_root: DataRoot, own_client: TestClient) -> None:
    add_question(own_root, PairKey("maze", "maze_0000"), ground_truth=False)
    for experiment, score in (("before", 1), ("after", 5)):
        key = run_of("oracle", "maze_0000", experiment=experiment)
        add_run(own_root, key, status="running")
        add_score(own_root, key, score)
    words = text(page(own_client, "/compare?side=before/oracle,after/oracle"))
    assert "before/oracle against after/oracle" in words


def test_paging_shows_every_question_once(own_root: DataRoot, own_client: TestClient) -> None:
    for number in range(30):
        for model, score in (("one", 5), ("other", 1)):
            key = run_of(model, f"maze_{number:04d}")
            own_root.run_folder(key).mkdir(parents=True)
            add_run(own_root, key, status="running")
            add_score(own_root, key, score)
    first = page(own_client, sides("one", "other"))
    second = page(own_client, links(first, "Next →")[0])
    assert len({*cards(first), *cards(second)}) == len(cards(first)) + len(cards(second)) == 30
    assert cards(page(own_client, links(second, "First")[0])) == cards(first)


def test_a_domain_narrows_the_questions(client: httpx.Client) -> None:
    html = page(client, f"{sides('oracle', 'wrong')}&domain=maze")
    assert [card.partition(" ")[0] for card in cards(html)] == ["maze_0000", "maze_0001", "maze_0002"]
    assert "They differ (3)" in text(html)


def test_sides_without_a_question_in_common_say_so(client: httpx.Client) -> None:
    assert "No question in common" in text(page(client, sides("oracle", "noise")))


def test_without_two_models_the_page_says_how_to_get_them(own_root: DataRoot, own_client: TestClient) -> None:
    words = text(page(own_client, "/compare"))
    assert "There are no runs yet" in words
    assert "vmevalkit run" in words


def test_with_one_model_another_one_is_asked_for(own_root: DataRoot, own_client: TestClient) -> None:
    add_run(own_root, run_of("oracle", "maze_0000"), status="running")
    assert "There is only one model with runs" in text(page(own_client, "/compare"))
