"""Links, pictures and anchors of the documentation lead somewhere."""

import re

import pytest
from markdown_pages import DOCS, GUIDES, PAGES, ROOT, anchors, links, name_of, prose


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_and_pictures_lead_somewhere(page):
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{name_of(page)}: there is no {path}"
        if anchor:
            assert anchor in anchors(target), f"{name_of(page)}: {name_of(target)} has no heading #{anchor}"


def test_the_index_names_every_page():
    named = {link.partition("#")[0] for link in links(DOCS / "index.md")}
    missing = {page.name for page in GUIDES if page.parent == DOCS} - named - {"index.md"}
    assert not missing, f"docs/index.md, which is the sidebar, too, does not name {', '.join(sorted(missing))}"


def test_every_picture_is_shown_somewhere():
    shown = {link for page in PAGES for link in links(page)}
    for picture in (DOCS / "images").iterdir():
        assert any(link.endswith(f"images/{picture.name}") for link in shown), picture.name


def test_every_promise_names_tests_that_exist():
    named = re.findall(r"\[([^\]]+)\]\(\.\./(tests/[^)]+)\)", prose(DOCS / "reliability.md"))
    assert len(named) > 40
    for words, file in named:
        test = f"def test_{words.replace(' ', '_')}("
        assert test in (ROOT / file).read_text("utf-8"), f"there is no '{words}' in {file}"


def test_every_promise_names_a_test():
    tables = prose(DOCS / "reliability.md").split("\n| promise |")[1:]
    promises = [row for table in tables for row in table.partition("\n\n")[0].splitlines()[2:]]
    assert len(promises) > 40
    assert all("](../tests/" in row for row in promises)
