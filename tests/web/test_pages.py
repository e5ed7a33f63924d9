"""What the pages say, as HTML."""

import re
from dataclasses import fields
from html import unescape
from html.parser import HTMLParser
from itertools import pairwise

import httpx
import pytest
from dashboard_data import EXPERIMENT, add_question, add_run, add_score, run_of
from jinja2 import Environment, PackageLoader, nodes

from vmevalkit.dataroot import DataRoot, PairKey
from vmevalkit.web.templating import DocsView, ErrorView, QuestionView, ResultsView, View

_HEADING = re.compile(r'<a href="/question/[^"]*">(\w+_\d{4})</a>')


def page(client: httpx.Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return answer.text


def text(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def shown(html: str) -> list[str]:
    return _HEADING.findall(html)


@pytest.mark.parametrize(
    ("template", "view"),
    [("results", ResultsView), ("question", QuestionView), ("error", ErrorView), ("docs", DocsView)],
)
def test_a_template_uses_exactly_the_fields_of_its_view(template: str, view: type[View]) -> None:
    environment = Environment(loader=PackageLoader("vmevalkit.web"), autoescape=True)
    environment.filters.update(percent=str, as_options=list)
    source, _, _ = environment.loader.get_source(environment, f"{template}.html")
    used = {
        node.attr
        for node in environment.parse(source).find_all(nodes.Getattr)
        if isinstance(node.node, nodes.Name) and node.node.name == "view"
    }
    assert used == {field.name for field in fields(view)}


def test_the_leaderboard_counts_what_each_model_solved(client: httpx.Client) -> None:
    table = page(client, "/").partition("<table")[2].partition("</table>")[0]
    rows = {cells[0]: cells[1:] for cells in (text(row).split() for row in table.split("<tr>")[2:])}
    # rate, passed / scored, then per domain rate and passed / scored, errors, missing
    assert rows["oracle"] == ["100%", "6", "/", "6", "100%", "3", "/", "3", "100%", "3", "/", "3", "0", "0"]
    assert rows["wrong"] == ["0%", "0", "/", "6", "0%", "0", "/", "3", "0%", "0", "/", "3", "0", "0"]
    assert rows["noise"] == ["n/a", "0", "/", "0", "n/a", "n/a", "6", "0"]
    assert rows["lazy"] == ["n/a", "0", "/", "0", "n/a", "n/a", "0", "6"]


def test_questions_show_what_became_of_each_model(client: httpx.Client) -> None:
    card = page(client, "/").partition("chess_0000</a>")[2].partition("chess_0001</a>")[0]
    for words in ("lazy \u2013 Not scored", "noise ! Error", "oracle ✓ Passed", "static ! Error", "wrong ✗ Failed"):
        assert words in text(card)


@pytest.mark.parametrize(
    ("query", "questions"),
    [
        ("", 6),
        ("domain=maze", 3),
        ("task_id=chess_0001", 1),
        ("model=oracle&outcome=passed", 6),
        ("model=static&outcome=error", 1),
        ("status=failed", 1),
        ("outcome=unscored&model=lazy", 1),
        ("experiment=second&outcome=unscored", 1),
    ],
)
def test_filters_choose_the_questions(client: httpx.Client, query: str, questions: int) -> None:
    html = page(client, f"/?{query}")
    assert len(shown(html)) == questions
    assert f"{questions} question" in text(html)


def test_a_filter_on_the_outcome_hides_the_other_models(client: httpx.Client) -> None:
    html = page(client, "/?outcome=failed&domain=maze").partition('<ul class="questions">')[2]
    assert "Failed" in html
    assert "Passed" not in html


def test_the_form_keeps_what_was_chosen(client: httpx.Client) -> None:
    html = page(client, "/?model=wrong&domain=maze&outcome=failed&task_id=maze_0002")
    selected = re.findall(r'<option value="([^"]*)" selected>', html)
    assert selected == [EXPERIMENT, "wrong", "maze", "failed", "RuleEvaluator"]
    assert 'value="maze_0002"' in html


def test_no_match_says_so_and_leads_back(client: httpx.Client) -> None:
    html = page(client, "/?model=nobody&outcome=passed")
    assert "No result matches these filters." in text(html)
    assert "Show everything" in html


def test_paging_shows_every_question_once(own_root: DataRoot, own_client: httpx.Client) -> None:
    ids = [f"maze_{number:04d}" for number in range(60)]
    for task_id in ids:
        add_question(own_root, PairKey("maze", task_id), ground_truth=False)
    seen, address, count = [], "/", 0
    while address:
        html = page(own_client, address)
        seen += shown(html)
        count += 1
        found = re.search(r'href="([^"]*)" rel="next"', html)
        address = unescape(found[1]) if found else ""
    assert (seen, count) == (ids, 3)
    assert "First page" in html


def test_without_questions_the_page_says_how_to_make_them(own_client: httpx.Client) -> None:
    assert "vmevalkit create" in text(page(own_client, "/"))


def test_without_runs_the_page_says_how_to_make_them(own_root: DataRoot, own_client: httpx.Client) -> None:
    add_question(own_root, PairKey("maze", "maze_0000"), ground_truth=False)
    for address in ("/", "/question/maze/maze_0000"):
        assert f"vmevalkit run --experiment {EXPERIMENT} --model oracle" in text(page(own_client, address))


def test_where_the_default_experiment_is_missing_the_first_one_is_shown(
    own_root: DataRoot, own_client: httpx.Client
) -> None:
    add_run(own_root, run_of("oracle", "maze_0000", experiment="mine"))
    assert "Experiment mine" in text(page(own_client, "/"))


def test_a_question_page_shows_frames_prompt_videos_and_why(client: httpx.Client) -> None:
    html = page(client, "/question/chess/chess_0000")
    for name in ("first_frame.png", "final_frame.png", "ground_truth.mp4"):
        assert f"/media/question/chess/chess_0000/{name}" in html
    for words in (
        "Move the dot of chess_0000 to the lower right corner.",
        "difficulty easy",
        "wrong ✗ Failed",
        "RuleEvaluator 2 of 5 The dot is in the centre, not in the corner.",
        "RuleEvaluator error unreadable: nothing like a board",
        "ModelError the provider said no",
        "Not scored yet. Score it with vmevalkit evaluate",
        "Expected Seen at the end",
    ):
        assert words in text(html), words
    assert html.count("data-sync-video") == 5  # the solution, lazy, noise, oracle, wrong


def test_question_pages_are_chained(client: httpx.Client) -> None:
    chain = ["chess/chess_0000", "chess/chess_0001", "chess/chess_0002", "maze/maze_0000"]
    for here, following in pairwise(chain):
        assert f'href="/question/{following}?experiment={EXPERIMENT}" rel="next"' in page(client, f"/question/{here}")
        assert f'href="/question/{here}?experiment={EXPERIMENT}" rel="prev"' in page(client, f"/question/{following}")
    assert 'rel="prev"' not in page(client, "/question/chess/chess_0000")
    assert 'rel="next"' not in page(client, "/question/maze/maze_0002")


def test_all_runs_of_a_model_are_on_the_page_and_told_apart(own_root: DataRoot, own_client: httpx.Client) -> None:
    add_question(own_root, PairKey("maze", "maze_0000"), ground_truth=False)
    for run_id, score in (("run-1", 1), ("run-2", 5)):
        key = run_of("oracle", "maze_0000", run_id=run_id)
        add_run(own_root, key)
        add_score(own_root, key, score)
    words = text(page(own_client, "/question/maze/maze_0000"))
    assert "Run run-1" in words
    assert "Run run-2" in words
    assert "oracle ✓ Passed" in text(page(own_client, "/").partition("maze_0000</a>")[2]), "the last run counts"


def test_a_long_value_of_the_metadata_is_folded(client: httpx.Client) -> None:
    html = page(client, "/question/chess/chess_0000")
    assert re.search(r"<dt>solution</dt>\s*<dd><details><summary>\d+ characters</summary>", html)
    assert re.search(r"<dt>seed</dt>\s*<dd>42</dd>", html)


def test_a_broken_question_is_named_and_its_runs_stay_visible(own_root: DataRoot, own_client: httpx.Client) -> None:
    key = PairKey("maze", "maze_0000")
    add_question(own_root, key, ground_truth=False)
    add_run(own_root, run_of("oracle", "maze_0000"))
    (own_root.pair_folder(key) / "question_metadata.json").write_text("{")
    for address in ("/", "/question/maze/maze_0000"):
        html = page(own_client, address)
        assert "question_metadata.json: malformed JSON" in text(html)
        assert "oracle" in html
        assert str(own_root.path) not in html


def test_a_broken_evaluation_is_named_and_counts_as_an_error(own_root: DataRoot, own_client: httpx.Client) -> None:
    add_question(own_root, PairKey("maze", "maze_0000"), ground_truth=False)
    key = run_of("oracle", "maze_0000")
    add_run(own_root, key)
    add_score(own_root, key, 5)
    own_root.evaluation_file(key.experiment, key.model, key.pair, "RuleEvaluator").write_text("{")
    html = page(own_client, "/")
    assert "Counted as an error: RuleEvaluator.json: malformed JSON" in text(html)
    assert str(own_root.path) not in html


@pytest.mark.parametrize("address", ["/nothing", "/question/maze/maze_9999", "/question/nothing/maze_0001"])
def test_an_unknown_address_gets_a_page_that_leads_on(client: httpx.Client, address: str) -> None:
    html = page(client, address, status=404)
    assert "404 Not Found" in text(html)
    assert 'href="/"' in html


@pytest.mark.parametrize("address", ["/?model=a%2Fb", "/?cursor=x", "/question/maze/%5c"])
def test_a_malformed_address_gets_a_page_that_says_so(client: httpx.Client, address: str) -> None:
    assert "400 Bad Request" in text(page(client, address, status=400))


def test_what_comes_from_files_is_never_markup(own_root: DataRoot, own_client: httpx.Client) -> None:
    attack = "<script>alert('x')</script><img src=x onerror=alert(1)>\"'"
    add_question(own_root, PairKey("maze", "maze_0000"), ground_truth=False, prompt=attack)
    key = run_of("oracle", "maze_0000")
    add_run(own_root, key)
    add_score(own_root, key, 1, attack, rater=attack)
    for address in ("/", "/question/maze/maze_0000"):
        html = page(own_client, address)
        assert "<script>alert" not in html
        assert "<img src=x" not in html
    assert attack in unescape(html)


def test_pages_stay_small_with_forty_models(own_root: DataRoot, own_client: httpx.Client) -> None:
    prompt = "Move the dot & stop. " * 60
    for number in range(25):
        add_question(own_root, PairKey("maze", f"maze_{number:04d}"), ground_truth=False, prompt=prompt)
        for model in range(40):
            key = run_of(f"some-provider-model-{model:02d}", f"maze_{number:04d}")
            if number == 0:
                add_run(own_root, key)
                add_score(own_root, key, 2, "The dot is not where it should be. " * 100)
            else:
                own_root.run_folder(key).mkdir(parents=True)
    for address in ("/", "/question/maze/maze_0000"):
        assert len(page(own_client, address).encode()) < 200_000


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


@pytest.mark.parametrize("address", ["/", "/question/chess/chess_0000", "/docs", "/?model=nobody"])
def test_pages_load_nothing_from_elsewhere_and_name_what_they_show(client: httpx.Client, address: str) -> None:
    parser = _Parser()
    parser.feed(page(client, address))
    for tag, attributes in parser.tags:
        for name in ("src", "href", "poster", "action"):
            assert (attributes.get(name) or "/").startswith(("/", "#")), (tag, attributes)
            assert not (attributes.get(name) or "").startswith("//"), (tag, attributes)
        assert not any(name.startswith("on") or name == "style" for name in attributes), (tag, attributes)
        assert tag != "img" or "alt" in attributes
        assert tag != "video" or attributes.get("aria-label")
    assert sum(tag == "h1" for tag, _ in parser.tags) == 1


def test_the_docs_list_every_route_and_parameter(client: httpx.Client) -> None:
    words = text(page(client, "/docs"))
    for route, methods in client.get("/openapi.json").json()["paths"].items():
        assert f"GET {route}" in words
        for parameter in methods["get"].get("parameters", ()):
            assert f"{parameter['name']} {parameter['in']} {parameter['description']}" in words
