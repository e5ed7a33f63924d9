"""The overview: who solves what, what is going on, and what has gone wrong."""

import re

import httpx
import pytest
from dashboard_data import EXPERIMENT, add_question, add_run, add_score, run_of
from fastapi.testclient import TestClient
from page_reading import links, page, table, text

from vmevalkit.dataroot import DataRoot, PairKey
from vmevalkit.web.formats import UNKNOWN


def test_the_leaderboard_counts_what_each_model_solved(client: httpx.Client) -> None:
    rows = table(page(client, "/"), "board")
    # rate and interval, the drawing, passed of scored, coverage, errors, not scored, no run
    assert rows["oracle"] == ["100% 61% to 100%", "", "6 of 6", "100%", "0", "0", "0"]
    assert rows["wrong"] == ["0% 0% to 39%", "", "0 of 6", "100%", "0", "0", "0"]
    assert rows["noise"] == [UNKNOWN, "", "0 of 0", "0%", "6", "0", "0"]
    assert rows["static"] == [UNKNOWN, "", "0 of 0", "0%", "1", "5", "0"]
    assert rows["lazy"] == [UNKNOWN, "", "0 of 0", "0%", "0", "1", "5"]


def test_the_interval_is_drawn_where_it_lies(client: httpx.Client) -> None:
    row = page(client, "/").partition('id="board"')[2].partition("oracle</a>")[2].partition("</tr>")[0]
    assert 'class="band" x="61.0%"' in row
    assert 'cx="100.0%"' in row


@pytest.mark.parametrize(
    ("query", "first", "last"),
    [
        ("", "oracle", "static"),
        ("?sort=model", "lazy", "wrong"),
        ("?sort=model&order=descending", "wrong", "lazy"),
        ("?sort=missing", "lazy", "wrong"),
        ("?sort=errors", "noise", "wrong"),
        ("?sort=rate&order=ascending", "wrong", "static"),
    ],
)
def test_the_leaderboard_is_sorted_by_links(client: httpx.Client, query: str, first: str, last: str) -> None:
    models = list(table(page(client, f"/{query}"), "board"))
    assert (models[0], models[-1]) == (first, last)


def test_a_column_says_how_it_is_sorted_and_turns_round(client: httpx.Client) -> None:
    html = page(client, "/")
    assert re.findall(r'aria-sort="(\w+)"', html) == ["none", "descending", *["none"] * 5]
    turned = page(client, links(html, "Solved ↓")[0])
    assert re.findall(r'aria-sort="(\w+)"', turned) == ["none", "ascending", *["none"] * 5]


def test_the_heatmap_has_a_number_a_tone_and_a_link_for_each_cell(client: httpx.Client) -> None:
    html = page(client, "/")
    rows = table(html, "heatmap")
    assert rows["oracle"] == ["100% 3/3", "100% 3/3"]
    assert rows["noise"] == ["3 errors", "3 errors"]
    assert rows["lazy"] == [UNKNOWN, UNKNOWN]
    heatmap = html.partition('id="heatmap"')[2]
    assert heatmap.count('class="heat-5"') == heatmap.count('class="heat-0"') == 2
    assert f"/browse?experiment={EXPERIMENT}&model=oracle&domain=maze" in links(heatmap, "100% 3/3")


def test_a_heatmap_of_many_cells_keeps_the_numbers_and_drops_the_links(
    own_root: DataRoot, own_client: TestClient
) -> None:
    for domain in range(11):
        name = f"domain{domain}"
        add_question(own_root, PairKey(name, f"{name}_0000"), ground_truth=False)
    for model in range(40):
        key = run_of(f"model-{model:02d}", "domain0_0000")
        add_run(own_root, key, status="running")
        add_score(own_root, key, 5)
    html = page(own_client, "/").partition('id="heatmap"')[2].partition("</table>")[0]
    assert html.count("100% <small>1/1</small>") == 40
    assert "<a " not in html


def test_another_evaluator_gives_another_leaderboard(own_root: DataRoot, own_client: TestClient) -> None:
    add_question(own_root, PairKey("maze", "maze_0000"), ground_truth=False)
    key = run_of("oracle", "maze_0000")
    add_run(own_root, key, status="running")
    add_score(own_root, key, 5)
    add_score(own_root, key, 1, evaluator="Judge")
    assert table(page(own_client, "/"), "board")["oracle"][2] == "1 of 1"
    assert table(page(own_client, "/?evaluator=Judge"), "board")["oracle"][2] == "0 of 1"


def test_progress_counts_the_questions_of_all_models(own_root: DataRoot, own_client: TestClient) -> None:
    for number in range(4):
        add_question(own_root, PairKey("maze", f"maze_{number:04d}"), ground_truth=False)
    for number, status in enumerate(["running", "failed", "failed"]):
        add_run(own_root, run_of("oracle", f"maze_{number:04d}"), status=status)
    add_run(own_root, run_of("static", "maze_0000"), status="running")
    html = page(own_client, "/")
    assert "0 done 2 running 2 failed 4 to do of 8 videos" in text(html)
    assert "data-running" in html


def test_once_all_is_filmed_there_is_no_progress_to_show(own_root: DataRoot, own_client: TestClient) -> None:
    add_question(own_root, PairKey("maze", "maze_0000"), ground_truth=False)
    add_run(own_root, run_of("oracle", "maze_0000"))
    html = page(own_client, "/")
    assert "Progress" not in text(html)
    assert "data-running" not in html


def test_another_experiment_that_is_running_is_shown_with_a_link(own_root: DataRoot, own_client: TestClient) -> None:
    add_question(own_root, PairKey("maze", "maze_0000"), ground_truth=False)
    add_run(own_root, run_of("oracle", "maze_0000"))
    add_run(own_root, run_of("oracle", "maze_0000", experiment="second"), status="running")
    assert links(page(own_client, "/"), "second") == ["/?experiment=second"]


def test_recent_failures_say_why_and_lead_to_the_question(client: httpx.Client) -> None:
    html = page(client, "/").partition('id="failures"')[2]
    assert "ModelError the provider said no It may work another time." in text(html)
    assert links(html, "chess_0000") == [f"/question/chess/chess_0000?experiment={EXPERIMENT}"]


def test_files_that_cannot_be_read_are_counted_and_lead_to_the_data(own_root: DataRoot, own_client: TestClient) -> None:
    for number in range(3):
        key = PairKey("maze", f"maze_{number:04d}")
        add_question(own_root, key, ground_truth=False)
        (own_root.pair_folder(key) / "question_metadata.json").write_text("{")
    html = page(own_client, "/")
    assert "3 files could not be read." in text(html)
    assert 'href="/data#findings"' in html


def test_an_empty_data_root_says_what_to_do_next(own_client: TestClient) -> None:
    words = text(page(own_client, "/"))
    for command in ("vmevalkit create", "vmevalkit run --experiment pilot_experiment", "vmevalkit evaluate"):
        assert command in words


def test_questions_without_runs_are_to_be_filmed(own_root: DataRoot, own_client: TestClient) -> None:
    add_question(own_root, PairKey("maze", "maze_0000"), ground_truth=False)
    words = text(page(own_client, "/"))
    assert "vmevalkit create" not in words
    assert "vmevalkit run --experiment pilot_experiment --model oracle" in words


def test_where_the_default_experiment_is_missing_the_first_one_is_shown(
    own_root: DataRoot, own_client: TestClient
) -> None:
    add_run(own_root, run_of("oracle", "maze_0000", experiment="mine"), status="running")
    assert "<h1>mine</h1>" in page(own_client, "/")


def test_the_way_to_the_other_pages_keeps_the_experiment(client: httpx.Client) -> None:
    assert links(page(client, "/?experiment=second"), "Browse") == ["/browse?experiment=second"]
