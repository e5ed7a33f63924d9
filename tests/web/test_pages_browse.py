"""The page of runs: filters, order, paging, pictures."""

import re
from html import unescape

import httpx
import pytest
from dashboard_data import EXPERIMENT, add_question, add_run, add_score, run_of
from fastapi.testclient import TestClient
from page_reading import links, page, text

from vmevalkit.dataroot import DataRoot, PairKey
from vmevalkit.web.formats import UNKNOWN

_CARD = re.compile(r'<li class="run-card">(.*?)</li>', re.DOTALL)


def cards(html: str) -> list[str]:
    """What the cards say."""
    return [text(card) for card in _CARD.findall(html)]


@pytest.mark.parametrize(
    ("query", "runs"),
    [
        ("", 26),
        ("experiment=second", 1),
        ("model=oracle", 7),
        ("domain=maze", 13),
        ("task_id=chess_0001", 4),
        ("difficulty=easy", 26),
        ("difficulty=hard", 0),
        ("status=failed", 1),
        ("outcome=passed", 6),
        ("outcome=error", 7),
        ("outcome=unscored&model=lazy", 1),
        ("score_from=4", 6),
        ("score_from=1&score_to=3", 6),
        ("since=2025-01-15", 26),
        ("since=2025-01-16", 0),
        ("until=2025-01-15", 26),
        ("until=2025-01-14", 0),
        ("until=9999-12-31", 26),
        ("text=maze_0001+lower", 5),
        ("last=true", 26),
        ("review=true", 0),
        ("model=&domain=&score_from=&since=&outcome=", 26),
    ],
)
def test_filters_choose_the_runs(client: httpx.Client, query: str, runs: int) -> None:
    html = page(client, f"/browse?{query}")
    assert len(cards(html)) == runs
    assert f"{runs} run" in text(html)


def test_a_card_has_the_model_the_question_the_outcome_and_the_score(client: httpx.Client) -> None:
    (card,) = cards(page(client, "/browse?model=wrong&task_id=maze_0002"))
    assert card == "wrong maze_0002 ✗ Failed 2 of 5"


def test_a_card_leads_to_its_question_and_back(client: httpx.Client) -> None:
    html = page(client, "/browse?model=wrong&task_id=maze_0002")
    back = "back=model%3Dwrong%26task_id%3Dmaze_0002"
    assert links(html, "wrong maze_0002") == [f"/question/maze/maze_0002?experiment={EXPERIMENT}&{back}"]


def test_a_run_with_a_video_shows_its_poster_and_one_without_its_question(client: httpx.Client) -> None:
    html = page(client, "/browse?model=static&domain=chess")
    pictures = [unescape(address) for address in re.findall(r'<img src="(/media/[^"]*)"', html)]
    assert pictures == [
        "/media/thumbnail/chess/chess_0000.png",
        f"/media/poster/{EXPERIMENT}/static/chess/chess_0001/20250115T103000Z.jpg",
        f"/media/poster/{EXPERIMENT}/static/chess/chess_0002/20250115T103000Z.jpg",
    ]
    assert html.count('loading="lazy"') == 3


def test_a_run_whose_question_is_gone_has_no_picture(own_root: DataRoot, own_client: TestClient) -> None:
    add_run(own_root, run_of("oracle", "maze_0000"), status="failed")
    (card,) = cards(page(own_client, "/browse"))
    assert card.startswith("No picture oracle")


def test_the_form_keeps_what_was_chosen(client: httpx.Client) -> None:
    html = page(
        client,
        "/browse?model=wrong&domain=maze&outcome=failed&task_id=maze_0002&score_from=1.5&since=2025-01-01"
        "&last=true&sort=newest&text=move",
    )
    assert re.findall(r'<option value="([^"]+)" selected>', html) == [
        "wrong",
        "maze",
        "failed",
        "RuleEvaluator",
        "newest",
    ]
    for value in ("maze_0002", "1.5", "2025-01-01", "move"):
        assert f'value="{value}"' in html
    assert re.search(r'name="last" value="true" checked', html)
    assert '<details class="more" open>' in html


def test_each_filter_is_a_chip_that_takes_it_away(client: httpx.Client) -> None:
    html = page(client, "/browse?model=wrong&domain=maze&outcome=failed&sort=newest")
    chips = re.findall(r'<a class="chip" href="([^"]*)">(.*?)</a>', html, re.DOTALL)
    assert {text(words).partition(" \N{MULTIPLICATION SIGN}")[0]: unescape(address) for address, words in chips} == {
        "model wrong": "/browse?domain=maze&outcome=failed&sort=newest",
        "domain maze": "/browse?model=wrong&outcome=failed&sort=newest",
        "outcome Failed": "/browse?model=wrong&domain=maze&sort=newest",
    }
    assert links(html, "Clear all") == ["/browse"]


def test_the_table_shows_the_same_runs_with_more_facts(client: httpx.Client) -> None:
    html = page(client, "/browse?model=wrong&task_id=maze_0002&view=table")
    row = text(html.partition("<tbody>")[2].partition("</tbody>")[0])
    assert row == f"maze_0002 wrong ✗ Failed 2 {EXPERIMENT} easy 2025-01-15 10:30 UTC 1.50 s {UNKNOWN}"
    assert links(html, "Grid") == ["/browse?model=wrong&task_id=maze_0002"]


@pytest.mark.parametrize(("sort", "scores"), [("best", [5] * 6 + [2] * 6), ("worst", [2] * 6 + [5] * 6)])
def test_runs_are_sorted_by_score(client: httpx.Client, sort: str, scores: list[int]) -> None:
    found = [int(re.search(r"(\d) of 5", card)[1]) for card in cards(page(client, f"/browse?sort={sort}"))]
    assert found == scores


def test_paging_shows_every_run_once_and_leads_back(own_root: DataRoot, own_client: TestClient) -> None:
    for number in range(110):
        own_root.run_folder(run_of("oracle", f"maze_{number:04d}")).mkdir(parents=True)
    seen, address, pages = [], "/browse?model=oracle", []
    while address:
        html = page(own_client, address)
        pages.append(cards(html))
        seen += pages[-1]
        address = next(iter(links(html, "Next →")), "")
    assert [len(one) for one in pages] == [48, 48, 14]
    assert len(set(seen)) == 110
    back = page(own_client, links(html, "← Previous")[0])
    assert cards(back) == pages[1]
    assert cards(page(own_client, links(back, "First")[0])) == pages[0]


def test_more_matches_than_are_counted_are_said_to_be_more(own_root: DataRoot, own_client: TestClient) -> None:
    for number in range(1001):
        (own_root.outputs / EXPERIMENT / "oracle" / "maze_task" / "maze_0000" / f"run-{number:04d}").mkdir(parents=True)
    assert "More than 1,000 runs" in text(page(own_client, "/browse?task_id=maze_0000"))


def test_an_older_run_is_told_apart_from_the_one_that_counts(own_root: DataRoot, own_client: TestClient) -> None:
    add_question(own_root, PairKey("maze", "maze_0000"), ground_truth=False)
    for run_id, score in (("run-1", 1), ("run-2", 5)):
        key = run_of("oracle", "maze_0000", run_id=run_id)
        add_run(own_root, key, status="running")
        add_score(own_root, key, score)
    first, second = cards(page(own_client, "/browse"))
    assert "older run" in first
    assert "older run" not in second
    assert len(cards(page(own_client, "/browse?last=true"))) == 1


def test_no_match_says_so_and_leads_back(client: httpx.Client) -> None:
    html = page(client, "/browse?model=nobody&view=table")
    assert "No run matches" in text(html)
    assert links(html, "Show everything") == ["/browse?view=table"]


def test_without_runs_the_page_says_how_to_make_them(own_client: TestClient) -> None:
    assert "vmevalkit run --model oracle" in text(page(own_client, "/browse"))


def test_sorted_by_score_without_scores_the_page_says_how_to_get_them(
    own_root: DataRoot, own_client: TestClient
) -> None:
    add_run(own_root, run_of("oracle", "maze_0000"), status="running")
    assert "vmevalkit evaluate" in text(page(own_client, "/browse?sort=best"))
