"""Questions, findings, disk, and search."""

import re

import httpx
import pytest
from dashboard_data import EXPERIMENT, add_question, add_run, run_of
from fastapi.testclient import TestClient
from page_reading import links, page, table, text
from support.waiting import until

from vmevalkit.dataroot import DataRoot, PairKey
from vmevalkit.web.pages._disk import DiskUse

_CARD = re.compile(r'<li class="run-card">(.*?)</li>', re.DOTALL)


def cards(html: str) -> list[str]:
    return [text(card) for card in _CARD.findall(html)]


@pytest.mark.parametrize(
    ("query", "questions"),
    [("", 6), ("?domain=maze", 3), ("?difficulty=easy", 6), ("?difficulty=hard", 0), ("?text=chess_0001", 1)],
)
def test_filters_choose_the_questions(client: httpx.Client, query: str, questions: int) -> None:
    html = page(client, f"/data{query}")
    assert len(cards(html)) == questions
    assert f"{questions} question" in text(html)


def test_a_question_shows_its_picture_its_difficulty_and_its_prompt(client: httpx.Client) -> None:
    html = page(client, "/data?domain=maze")
    assert cards(html)[0] == "maze_0000 easy Move the dot of maze_0000 to the lower right corner."
    assert 'src="/media/thumbnail/maze/maze_0000.png"' in html
    assert links(html, "maze_0000 easy") == ["/question/maze/maze_0000"]


def test_the_domains_are_there_with_their_numbers(client: httpx.Client) -> None:
    html = page(client, "/data?text=move")
    assert links(html, "maze 3") == ["/data?domain=maze&text=move"]
    assert links(html, "All 6") == ["/data?text=move"]


def test_paging_shows_every_question_once(own_root: DataRoot, own_client: TestClient) -> None:
    for number in range(100):
        (own_root.pair_folder(PairKey("maze", f"maze_{number:04d}"))).mkdir(parents=True)
    seen, address, pages = [], "/data", 0
    while address:
        html = page(own_client, address)
        seen += cards(html)
        pages += 1
        address = next(iter(links(html, "Next →")), "")
    assert (len(seen), len(set(seen)), pages) == (100, 100, 3)
    assert "Previous" in text(html)


def test_a_file_that_cannot_be_read_is_named_with_what_is_wrong(own_root: DataRoot, own_client: TestClient) -> None:
    key = PairKey("maze", "maze_0000")
    add_question(own_root, key, ground_truth=False)
    (own_root.pair_folder(key) / "question_metadata.json").write_text("{")
    html = page(own_client, "/data")
    (finding,) = table(html, "findings-head").items()
    assert finding[0] == "questions/maze_task/maze_0000/question_metadata.json"
    assert finding[1][0].startswith("malformed JSON")
    assert "Cannot be read" in cards(html)[0]


def test_many_findings_are_cut_and_counted(own_root: DataRoot, own_client: TestClient) -> None:
    for number in range(60):
        own_root.run_folder(run_of("oracle", f"maze_{number:04d}")).mkdir(parents=True)
    words = text(page(own_client, "/data"))
    assert "60 files could not be read, the first 50 are shown." in words
    assert "Findings (60)" in words


def test_without_findings_the_page_says_so(client: httpx.Client) -> None:
    assert "could be read" in text(page(client, "/data"))


def test_no_questions_and_no_match_are_not_the_same(client: httpx.Client, own_client: TestClient) -> None:
    assert "vmevalkit create" in text(page(own_client, "/data"))
    html = page(client, "/data?domain=nothing")
    assert "No question matches" in text(html)
    assert links(html, "Show everything") == ["/data"]


def test_the_disk_is_measured_when_somebody_asks(own_root: DataRoot, own_client: TestClient) -> None:
    add_question(own_root, PairKey("maze", "maze_0000"), ground_truth=False)
    add_run(own_root, run_of("oracle", "maze_0000"))
    (own_root.evaluations / EXPERIMENT).mkdir(parents=True)
    assert "Measure the disk" in text(page(own_client, "/data"))
    answer = own_client.post("/data/disk", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/data#disk")
    until(lambda: "Measuring" not in text(page(own_client, "/data")))
    html = page(own_client, "/data")
    assert "Measured just now" in text(html)
    assert "Measure again" in text(html)
    rows = table(html, "disk-head")
    assert set(rows) == {"questions", f"outputs/{EXPERIMENT}", f"evaluations/{EXPERIMENT}", "index and caches"}
    assert rows["questions"][2] == "4"
    assert rows[f"outputs/{EXPERIMENT}"][2] == "2"


def test_sizes_are_those_of_the_files_and_links_are_not_followed(own_root: DataRoot) -> None:
    folder = own_root.outputs / "mine"
    folder.mkdir(parents=True)
    (folder / "a").write_bytes(b"x" * 1234)
    (folder / "elsewhere").symlink_to(own_root.path)
    use = DiskUse(own_root)
    use.start()
    use.wait(30)
    (part,) = [part for part in use.report.parts if part.name == "outputs/mine"]
    assert part.bytes == 1234 + (folder / "elsewhere").lstat().st_size
    assert use.files_seen is None


def test_another_web_site_cannot_have_the_disk_measured(own_client: TestClient) -> None:
    assert own_client.post("/data/disk", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_a_search_finds_names_and_prompts_and_leads_there(client: httpx.Client) -> None:
    html = page(client, "/search?q=maze")
    assert "4 hits for “maze”" in text(html)
    assert links(html, "maze_0000") == ["/question/maze/maze_0000"]
    assert links(html, "maze") == ["/browse?domain=maze"]
    assert links(page(client, "/search?q=oracle"), "oracle") == ["/browse?model=oracle"]
    assert links(page(client, "/search?q=second"), "second") == ["/?experiment=second"]
    assert "6 hits" in text(page(client, "/search?q=corner"))


def test_a_search_that_finds_nothing_says_what_can_be_searched(client: httpx.Client) -> None:
    assert "Nothing found" in text(page(client, "/search?q=zebra"))


def test_many_hits_are_cut_and_lead_to_all_of_them(own_root: DataRoot, own_client: TestClient) -> None:
    for number in range(60):
        add_question(own_root, PairKey("maze", f"maze_{number:04d}"), ground_truth=False)
    html = page(own_client, "/search?q=corner")
    assert "The first 50 hits" in text(html)
    assert links(html, "All questions whose prompt matches") == ["/data?text=corner"]
