"""``/question/{domain}/{task_id}`` as the server sends it."""

import json
import re
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from dashboard_data import EXPERIMENT, add_question, add_run, add_score, film, run_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from page_reading import text

from vmevalkit.dataroot import METADATA_NAME, DataRoot, Evaluation, JudgeTrace, PairKey, Score, read_json, write_json
from vmevalkit.web.pages._puzzles import metadata_table, puzzle_of

KEY = PairKey("chess", "chess_0000")
WHEN = "2025-01-16T10:30:00.000000Z"


def cards(html: str) -> dict[str, str]:
    """Return the HTML of each card by its label."""
    found = re.findall(r'<article class="panel run[^>]*aria-label="([^"]*)"[^>]*>.*?</article>', html, re.DOTALL)
    parts = re.findall(r'<article class="panel run.*?</article>', html, re.DOTALL)
    return dict(zip(found, parts, strict=True))


def set_metadata(root: DataRoot, key: PairKey, metadata: object) -> None:
    path = root.pair_folder(key) / METADATA_NAME
    write_json(path, {**read_json(path), "metadata": metadata})


@pytest.fixture(scope="session")
def short_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    film(path, KEY)
    return path


# What is on it


def test_it_shows_the_prompt_the_frames_and_every_model_side_by_side(client: httpx.Client) -> None:
    html = client.get("/question/chess/chess_0000").text
    assert "Move the dot of chess_0000" in text(html)
    assert "/media/question/chess/chess_0000/first_frame.png" in html
    assert "/media/question/chess/chess_0000/final_frame.png" in html
    assert list(cards(html)) == ["Ground truth", "lazy", "noise", "oracle", "static", "wrong"]


def test_a_video_is_not_loaded_before_somebody_wants_it_and_has_its_own_controls(client: httpx.Client) -> None:
    html = client.get("/question/chess/chess_0000").text
    videos = re.findall(r"<video[^>]*>", html)
    assert len(videos) == 5
    assert all(' preload="none"' in video and " controls " in video and " poster=" in video for video in videos)


def test_a_strip_of_frames_stands_beside_the_expected_last_frame(client: httpx.Client) -> None:
    card = cards(client.get("/question/chess/chess_0000").text)["wrong"]
    assert card.index("/media/strip/") < card.index("final_frame.png")


def test_scores_are_told_with_their_reasons(client: httpx.Client) -> None:
    shown = cards(client.get("/question/maze/maze_0001").text)
    assert "RuleEvaluator 2 of 5 The dot is in the centre, not in the corner." in text(shown["wrong"])
    assert "RuleEvaluator error unreadable: nothing like a board" in text(shown["noise"])
    assert "Nobody has scored it yet." in text(shown["static"])


def test_a_run_that_failed_says_why(client: httpx.Client) -> None:
    card = text(cards(client.get("/question/chess/chess_0000").text)["static"])
    assert "No video" in card
    assert "ModelError the provider said no It may work on another try." in card


def test_models_without_a_run_are_named(client: httpx.Client) -> None:
    assert "no run of lazy" in text(client.get("/question/maze/maze_0000").text)


def test_judges_show_their_votes_their_cost_and_what_needs_review(
    own_root: DataRoot, own_client: httpx.Client, short_film: Path
) -> None:
    add_question(own_root, KEY, ground_truth=False)
    run = run_of("oracle", KEY.task_id)
    add_run(own_root, run, video=short_film)
    answer = {"explanation": "x", "solution": 4, "givens": 5, "way": 4, "confidence": 1}
    votes = [json.dumps({**answer, "score": score}) for score in (4, 4, 2)]
    score = Score(
        run_id=run.run_id,
        rater="GPT4OEvaluator",
        status="scored",
        score=4,
        explanation="It moves well.",
        dimensions={"solution": 4, "confidence": 0.75, "odd": {"a": [1, 2]}, "none": None},
        created_at=WHEN,
        needs_review=True,
        cost_usd=0.0123,
        judge=JudgeTrace(model="gpt-4o", prompt_sha256="00", frames=(), answers=(*votes, "no idea"), agreement=0.5),
    )
    path = own_root.evaluation_file(EXPERIMENT, "oracle", KEY, "GPT4OEvaluator")
    evaluation = Evaluation(
        evaluator="GPT4OEvaluator",
        version="1",
        experiment=EXPERIMENT,
        model="oracle",
        domain="chess",
        task_id=KEY.task_id,
    )
    evaluation.with_score(score, "1").save(path)
    card = text(cards(own_client.get("/question/chess/chess_0000").text)["oracle"])
    assert "gpt-4o · votes 4, 4, 2, ? · 50% agree · $0.012" in card
    assert "Needs review" in card
    assert "solution 4 confidence 0.75 odd {'a': [1, 2]} none" in card


def test_earlier_runs_are_folded_away_and_can_be_put_beside(
    own_root: DataRoot, own_client: httpx.Client, short_film: Path
) -> None:
    add_question(own_root, KEY, ground_truth=False)
    for run_id in ("20250101T000000Z", "20250102T000000Z", "20250103T000000Z"):
        add_run(own_root, run_of("oracle", KEY.task_id, run_id=run_id), video=short_film)
    html = own_client.get("/question/chess/chess_0000").text
    assert list(cards(html)) == ["oracle"]
    assert "2 earlier runs" in text(html)
    beside = re.search(r'href="([^"]*)#videos">Show beside<span[^>]*> the run 20250102T000000Z', html)
    assert beside
    more = own_client.get(unescape(beside[1])).text
    assert list(cards(more)) == ["oracle", "oracle, run 20250102T000000Z"]
    assert "Take away the run 20250102T000000Z" in text(more)


# What it can be asked


def test_the_experiment_can_be_chosen(client: httpx.Client) -> None:
    html = client.get("/question/maze/maze_0001", params={"experiment": "second"}).text
    assert [name for name in cards(html) if name != "Ground truth"] == ["oracle"]
    assert "experiment=second" in html


def test_an_experiment_without_a_video_leads_to_one_that_has_some(client: httpx.Client) -> None:
    html = client.get("/question/chess/chess_0001", params={"experiment": "second"}).text
    assert f"There are videos in {EXPERIMENT}." in text(html)
    assert f"Show {EXPERIMENT}" in html


def test_only_the_models_of_the_address_are_shown(client: httpx.Client) -> None:
    shown = cards(client.get("/question/chess/chess_0000", params={"show": ["oracle", "wrong"]}).text)
    assert [name for name, card in shown.items() if " hidden>" not in card.partition("\n")[0]] == [
        "Ground truth",
        "oracle",
        "wrong",
    ]


def test_the_questions_before_and_after_keep_what_was_chosen(client: httpx.Client) -> None:
    asked = {"experiment": EXPERIMENT, "show": "oracle", "back": "outcome=failed&model=wrong"}
    html = client.get("/question/chess/chess_0002", params=asked).text
    for name, path in (("prev", "/question/chess/chess_0001"), ("next", "/question/maze/maze_0000")):
        link = re.search(rf'href="([^"]*)" rel="{name}"', html)
        assert link
        address = urlsplit(unescape(link[1]))
        assert address.path == path
        assert {name: value for name, (value,) in parse_qs(address.query).items()} == asked


def test_the_way_back_has_the_filters_and_leads_nowhere_else(client: httpx.Client) -> None:
    page = "/question/chess/chess_0002"
    html = client.get(page, params={"back": "outcome=failed&text=a b"}).text
    assert 'href="/browse?outcome=failed&amp;text=a+b"' in html
    for evil in ("//evil.example/", "javascript:alert(1)", '"><script>', "https://evil.example?x=y"):
        html = client.get(page, params={"back": evil}).text
        (back,) = re.findall(r'<nav class="trail".*?<a href="([^"]*)"', html, re.DOTALL)
        assert urlsplit(unescape(back))[:3] == ("", "", "/browse")
        assert "<script>" not in html


def test_from_the_page_of_runs_it_leads_back_to_its_filters(client: httpx.Client) -> None:
    runs = client.get("/browse", params={"model": "wrong", "domain": "chess", "view": "table"}).text
    links = re.findall(r'href="(/question/chess/chess_0001[^"]*)"', runs)
    html = client.get(unescape(links[0])).text
    (back,) = re.findall(r'<nav class="trail".*?<a href="([^"]*)"', html, re.DOTALL)
    address = urlsplit(unescape(back))
    assert address.path == "/browse"
    assert parse_qs(address.query) == {"model": ["wrong"], "domain": ["chess"], "view": ["table"]}


def test_a_way_back_that_is_too_long_is_forgotten(client: httpx.Client) -> None:
    answer = client.get("/question/chess/chess_0001", params={"back": "text=" + "x" * 3000})
    assert answer.status_code == 200
    assert "xxx" not in answer.text


@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("/question/chess/chess_0009", 404, "chess_0002"),
        ("/question/ches/chess_0000", 404, "Did you mean chess?"),
        ("/question/chess/chess_0000?experiment=secnd", 404, "Did you mean second?"),
        ("/question/chess/..%2f..%2fetc", 404, "nothing at this address"),
        ("/question/chess/a%00b", 400, "not a valid name"),
        ("/question/chess/chess_0000?evaluator=..%2fx", 400, "not a valid name"),
        ("/question/chess/chess_0000?cursor=nonsense", 400, "cursor"),
        ("/question/chess/chess_0000?run=..%2f..&run=x&run=oracle%2fnone", 200, "oracle"),
    ],
)
def test_what_does_not_exist_is_said_with_what_is_near(
    client: httpx.Client, address: str, status: int, words: str
) -> None:
    answer = client.get(address)
    assert answer.status_code == status
    assert words in text(answer.text)


# Broken and strange data


def test_a_broken_question_is_shown_as_such(own_root: DataRoot, own_client: httpx.Client) -> None:
    add_question(own_root, KEY, ground_truth=False)
    (own_root.pair_folder(KEY) / METADATA_NAME).write_text("{", encoding="utf-8")
    answer = own_client.get("/question/chess/chess_0000")
    assert answer.status_code == 200
    assert "This question cannot be read: question_metadata.json: " in text(answer.text)
    assert str(own_root.path) not in answer.text


def test_broken_runs_and_evaluations_are_shown_as_such(
    own_root: DataRoot, own_client: httpx.Client, short_film: Path
) -> None:
    add_question(own_root, KEY, ground_truth=False)
    for model in ("torn", "whole"):
        add_run(own_root, run_of(model, KEY.task_id), video=short_film)
        add_score(own_root, run_of(model, KEY.task_id), 5)
    (own_root.run_folder(run_of("torn", KEY.task_id)) / "metadata.json").write_text("[", encoding="utf-8")
    own_root.evaluation_file(EXPERIMENT, "whole", KEY, "RuleEvaluator").write_text("[", encoding="utf-8")
    shown = cards(own_client.get("/question/chess/chess_0000").text)
    assert "Error" in text(shown["torn"])
    assert "RuleEvaluator.json" in text(shown["whole"])
    assert str(own_root.path) not in "".join(shown.values())


def test_runs_whose_question_is_not_here_can_be_looked_at(
    own_root: DataRoot, own_client: httpx.Client, short_film: Path
) -> None:
    add_run(own_root, run_of("oracle", KEY.task_id), video=short_film)
    html = own_client.get("/question/chess/chess_0000").text
    assert "its folder is not here" in text(html)
    assert list(cards(html)) == ["oracle"]


def test_a_link_out_of_the_questions_is_not_followed(
    own_root: DataRoot, own_client: httpx.Client, tmp_path: Path
) -> None:
    add_question(own_root, KEY, ground_truth=False)
    path = own_root.pair_folder(KEY) / METADATA_NAME
    outside = tmp_path / "outside.json"
    outside.write_text(path.read_text(encoding="utf-8").replace("seed", "secret"), encoding="utf-8")
    path.unlink()
    path.symlink_to(outside)
    assert "secret" not in own_client.get("/question/chess/chess_0000").text


def test_forty_models_with_long_explanations_make_a_small_page(
    own_root: DataRoot, own_client: httpx.Client, short_film: Path
) -> None:
    add_question(own_root, KEY, ground_truth=False)
    for number in range(45):
        run = run_of(f"a-model-with-a-rather-long-name-{number:02d}", KEY.task_id)
        add_run(own_root, run, video=short_film)
        for evaluator in ("RuleEvaluator", "GPT4OEvaluator", "human-eval"):
            add_score(own_root, run, 2, "A sentence that goes on & on. " * 40, evaluator=evaluator)
    answer = own_client.get("/question/chess/chess_0000")
    assert len(cards(answer.text)) == 40
    assert len(answer.content) < 200_000
    more = re.search(r'href="([^"]*)#videos" rel="next"', answer.text)
    assert more
    assert len(cards(own_client.get(unescape(more[1])).text)) == 5


# Metadata, drawn

CHESS = {
    "fen_initial": "2k5/2p5/6N1/6P1/2P5/1Bn1n3/1PpP4/2K5 b - - 0 1",
    "solution": "Ne2#",
    "solution_uci": "c3e2",
    "side_to_move": "black",
}
MAZE = {
    "rows": 2,
    "columns": 2,
    "walls": ["d3", "d6"],
    "solution_path": [[0, 0], [0, 1], [1, 1], [1, 0]],
    "path_length": 3,
}
SUDOKU = {
    "side": 4,
    "box": [2, 2],
    "puzzle": [[3, 2, 0, 0], [0, 0, 0, 0], [0, 1, 0, 2], [0, 0, 0, 1]],
    "solution": [[3, 2, 1, 4], [1, 4, 2, 3], [4, 1, 3, 2], [2, 3, 4, 1]],
    "blanks": 11,
    "technique": "naked_single",
}
ROTATION = {"angle": 120, "direction": "counterclockwise", "cubes": 8, "azimuth_start": 36, "azimuth_end": 156}
RAVEN = {"rules": [{"description": "The shape stays the same along a row."}], "solution": "seven circles"}


def test_chess_is_a_position_with_the_move_on_it() -> None:
    puzzle = puzzle_of("chess", CHESS)
    assert puzzle.chess
    assert dict(puzzle.facts)["Solution"] == "Ne2#"
    ranks = ["".join(square.piece or "." for square in rank) for rank in puzzle.chess.ranks]
    assert ranks[0] == "..k....."
    assert ranks[5] == ".Bn.n..."
    marked = {
        (row, column): square.mark
        for row, rank in enumerate(puzzle.chess.ranks)
        for column, square in enumerate(rank)
        if square.mark
    }
    assert marked == {(5, 2): "from", (6, 4): "to"}
    assert puzzle.chess.ranks[7][0].is_dark  # a1


def test_a_maze_is_its_walls_and_its_way_in_letters() -> None:
    puzzle = puzzle_of("maze", MAZE)
    assert puzzle.maze
    assert puzzle.maze.letters == "RDL"
    assert puzzle.maze.way == "5,5 15,5 15,15 5,15"
    assert puzzle.maze.walls == "M0 0H20M0 10H10M0 20H20M0 0V20M20 0V20"
    assert dict(puzzle.facts)["Path length"] == "3 steps"


def test_a_sudoku_is_its_grid_with_the_given_digits() -> None:
    puzzle = puzzle_of("sudoku", SUDOKU)
    assert puzzle.sudoku
    assert [cell.digit for cell in puzzle.sudoku[0]] == [3, 2, 1, 4]
    assert [cell.is_given for cell in puzzle.sudoku[0]] == [True, True, False, False]
    assert dict(puzzle.facts) == {"Size": "4 by 4, boxes of 2 by 2", "Empty cells": "11", "Technique": "naked single"}


def test_rotation_and_raven_are_told_in_words() -> None:
    assert dict(puzzle_of("rotation", ROTATION).facts)["Turn"] == "120° counterclockwise"
    assert puzzle_of("raven", RAVEN).rules == ("The shape stays the same along a row.",)


@pytest.mark.parametrize(
    ("domain", "metadata"), [("chess", CHESS), ("maze", MAZE), ("sudoku", SUDOKU), ("raven", RAVEN)]
)
def test_a_page_has_the_drawing_of_its_domain(
    own_root: DataRoot, own_client: httpx.Client, domain: str, metadata: dict[str, object]
) -> None:
    key = PairKey(domain, f"{domain}_0000")
    add_question(own_root, key, ground_truth=False)
    set_metadata(own_root, key, metadata)
    html = own_client.get(f"/question/{domain}/{key.task_id}").text
    assert (f'class="drawing {domain}"' in html) == (domain != "raven")
    assert ('class="rules"' in html) == (domain == "raven")


def test_a_foreign_domain_is_a_table(own_root: DataRoot, own_client: httpx.Client) -> None:
    key = PairKey("hanoi", "hanoi_0000")
    add_question(own_root, key, ground_truth=False)
    set_metadata(
        own_root, key, {"discs": 4, "generator": {"name": "x", "version": 2}, "is_solved": True, "note": "<b>"}
    )
    page = own_client.get("/question/hanoi/hanoi_0000").text
    assert "discs 4 generator · name x generator · version 2 is solved yes note <b>" in text(
        page.replace("&lt;b&gt;", "&amp;lt;b&amp;gt;")
    ).replace("&lt;b&gt;", "<b>")
    assert "<b>" not in page.partition('class="metadata"')[2].partition("</table>")[0]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from([("chess", CHESS), ("maze", MAZE), ("sudoku", SUDOKU), ("rotation", ROTATION), ("raven", RAVEN)]),
    st.data(),
)
def test_no_metadata_however_odd_is_an_error(sample: tuple[str, dict[str, object]], data: st.DataObject) -> None:
    domain, fields = sample
    changed = data.draw(st.dictionaries(st.sampled_from(sorted(fields)), _JSON, max_size=3))
    odd = {**fields, **changed, **data.draw(st.dictionaries(st.text(max_size=5), _JSON, max_size=2))}
    puzzle_of(domain, odd)
    metadata_table(odd)
