"""What holds for every page."""

import re
from dataclasses import fields
from html import unescape
from html.parser import HTMLParser
from itertools import pairwise

import httpx
import pytest
from dashboard_data import add_question, add_run, add_score, run_of
from fastapi.testclient import TestClient
from jinja2 import Environment, PackageLoader, nodes
from page_reading import page, text

from vmevalkit.dataroot import DataRoot, PairKey
from vmevalkit.web import DashboardConfig, create_app
from vmevalkit.web.pages.browse import BrowseView
from vmevalkit.web.pages.compare import CompareView
from vmevalkit.web.pages.data import DataView
from vmevalkit.web.pages.docs import DocsView
from vmevalkit.web.pages.overview import OverviewView
from vmevalkit.web.pages.search import SearchView
from vmevalkit.web.pages.versions import VersionsView
from vmevalkit.web.rendering import ErrorView

ADDRESSES = (
    "/",
    "/browse",
    "/browse?view=table&model=oracle",
    "/browse?model=nobody",
    "/compare",
    "/compare?side=pilot_experiment/oracle,pilot_experiment/wrong,pilot_experiment/lazy",
    "/data",
    "/data?domain=maze",
    "/versions",
    "/search",
    "/search?q=maze",
    "/docs",
)
VIEWS = {
    "overview": OverviewView,
    "browse": BrowseView,
    "compare": CompareView,
    "data": DataView,
    "versions": VersionsView,
    "search": SearchView,
    "docs": DocsView,
    "error": ErrorView,
}


@pytest.mark.parametrize("name", VIEWS)
def test_a_template_uses_exactly_the_fields_of_its_view(name: str) -> None:
    environment = Environment(loader=PackageLoader("vmevalkit.web"), autoescape=True)
    source, _, _ = environment.loader.get_source(environment, f"{name}.html")
    used = {
        node.attr
        for node in environment.parse(source).find_all(nodes.Getattr)
        if isinstance(node.node, nodes.Name) and node.node.name == "view"
    }
    assert used == {field.name for field in fields(VIEWS[name])}


class _Parser(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.labels = 0
        """How many labels are open."""
        self.unlabelled: list[dict[str, str | None]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.tags.append((tag, attributes))
        if tag == "label":
            self.labels += 1
        is_field = tag in ("input", "select", "textarea") and attributes.get("type") != "hidden"
        if is_field and not self.labels and not attributes.get("aria-label"):
            self.unlabelled.append(attributes)

    def handle_endtag(self, tag: str) -> None:
        if tag == "label":
            self.labels -= 1


@pytest.mark.parametrize("address", ADDRESSES)
def test_pages_load_nothing_from_elsewhere_and_run_nothing_inline(client: httpx.Client, address: str) -> None:
    for tag, attributes in _Parser(page(client, address)).tags:
        for name in ("src", "href", "poster", "action"):
            assert (attributes.get(name) or "/").startswith(("/", "#")), (tag, attributes)
            assert not (attributes.get(name) or "").startswith("//"), (tag, attributes)
        assert not any(name.startswith("on") or name == "style" for name in attributes), (tag, attributes)
        assert tag != "script" or attributes.get("src")
        assert tag != "style"


@pytest.mark.parametrize("address", ADDRESSES)
def test_pages_can_be_read_by_a_screen_reader(client: httpx.Client, address: str) -> None:
    found = _Parser(page(client, address))
    names = [tag for tag, _ in found.tags]
    headings = [int(tag[1]) for tag in names if re.fullmatch("h[1-6]", tag)]
    assert headings[0] == 1
    assert headings.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(headings)), headings
    assert names.count("main") == names.count("header") == names.count("footer") == 1
    assert found.unlabelled == []
    for tag, attributes in found.tags:
        assert tag != "img" or "alt" in attributes
        assert tag != "nav" or attributes.get("aria-label")
        assert tag != "svg" or attributes.get("aria-hidden") == "true" or attributes.get("aria-label")
        assert tag != "th" or attributes.get("scope") in ("col", "row")
    ids = [attributes["id"] for _, attributes in found.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in found.tags:
        assert attributes.get("aria-labelledby", ids[0]) in ids


@pytest.mark.parametrize("address", ADDRESSES)
def test_the_menu_says_where_one_is(client: httpx.Client, address: str) -> None:
    html = page(client, address)
    menu = html[html.index('class="site-menu"') : html.index('class="site-tools"')]
    assert menu.count("aria-current") == (0 if address.startswith(("/docs", "/search")) else 1)


@pytest.mark.parametrize("address", ADDRESSES)
def test_behind_a_proxy_every_address_has_its_prefix(filled_root: DataRoot, address: str) -> None:
    app = create_app(DashboardConfig(filled_root, root_path="/lab"))
    client = TestClient(app, base_url="http://127.0.0.1", root_path="/lab")
    for tag, attributes in _Parser(page(client, f"/lab{address}")).tags:
        for name in ("src", "href", "action", "data-api"):
            value = attributes.get(name) or "#"
            assert value.startswith(("/lab/", "#")), (tag, attributes)


@pytest.mark.parametrize("address", ADDRESSES)
def test_no_page_tells_where_the_data_lies(client: httpx.Client, filled_root: DataRoot, address: str) -> None:
    assert str(filled_root.path.parent) not in page(client, address)


def test_a_message_of_a_file_does_not_tell_where_the_data_lies(own_root: DataRoot, own_client: TestClient) -> None:
    key = PairKey("maze", "maze_0000")
    add_question(own_root, key, ground_truth=False)
    add_run(own_root, run_of("oracle", "maze_0000"), status="failed")
    record = own_root.run_folder(run_of("oracle", "maze_0000")) / "metadata.json"
    record.write_text(record.read_text().replace("the provider said no", f"cannot read {own_root.path}/questions/x"))
    html = page(own_client, "/")
    assert "cannot read questions/x" in text(html)
    assert str(own_root.path) not in html


@pytest.mark.parametrize(
    "address", ["/nothing", "/?experiment=pilot_experment", "/compare?side=pilot_experiment/oracel"]
)
def test_an_unknown_name_gets_a_page_that_leads_on(client: httpx.Client, address: str) -> None:
    html = page(client, address, status=404)
    assert "404 Not Found" in text(html)
    assert 'href="/"' in html


def test_a_name_with_a_slip_is_answered_with_the_near_ones(client: httpx.Client) -> None:
    assert "Did you mean pilot_experiment?" in text(page(client, "/?experiment=pilot_experment", 404))
    assert "Did you mean oracle?" in text(page(client, "/compare?side=pilot_experiment/oracel", 404))


@pytest.mark.parametrize(
    "address",
    [
        "/?experiment=a%2Fb",
        "/?evaluator=..",
        "/browse?cursor=x",
        "/browse?model=%00",
        "/browse?cursor=x&before=y",
        "/compare?side=oracle",
        "/compare?side=a/..",
        "/compare?first=pilot_experiment/oracle&second=pilot_experiment/oracle",
        "/compare?side=a/1,a/2,a/3,a/4,a/5,a/6,a/7,a/8,a/9",
        "/compare?cursor=x",
        "/data?domain=%5c",
        "/data?cursor=../..",
    ],
)
def test_a_malformed_address_gets_a_page_that_says_so(client: httpx.Client, address: str) -> None:
    html = page(client, address, status=400)
    assert "400 Bad Request" in text(html)


@pytest.mark.parametrize(
    "address",
    [
        "/?sort=nothing",
        "/?page=0",
        "/?page=99999999999999999999999",
        "/browse?outcome=great",
        "/browse?score_from=nan",
        "/browse?score_to=7",
        "/browse?since=yesterday",
        "/browse?view=list",
        f"/browse?text={'a' * 201}",
        "/compare?kind=all",
        "/versions?remote=perhaps",
        f"/search?q={'a' * 201}",
    ],
)
def test_a_value_that_makes_no_sense_gets_a_page_that_names_it(client: httpx.Client, address: str) -> None:
    name = address.partition("?")[2].partition("=")[0]
    words = text(page(client, address, status=422))
    assert "422" in words
    assert name.capitalize() in words


def test_what_comes_from_files_is_never_markup(own_root: DataRoot, own_client: TestClient) -> None:
    attack = "<script>alert('x')</script><img src=x onerror=alert(1)>\"'"
    add_question(own_root, PairKey("maze", "maze_0000"), ground_truth=False, prompt=attack)
    key = run_of("oracle", "maze_0000")
    add_run(own_root, key, status="failed")
    record = own_root.run_folder(key) / "metadata.json"
    record.write_text(record.read_text().replace("the provider said no", "<script>alert(1)</script>"))
    add_score(own_root, run_of("other", "maze_0000"), 1, attack)
    for address in ("/", "/browse", "/data", "/search?q=alert", f"/search?q={attack}", "/browse?text=%3Cscript%3E"):
        html = page(own_client, address)
        assert "<script>alert" not in html
        assert "<img src=x" not in html
    assert attack in unescape(page(own_client, "/data"))


def test_an_old_address_with_filters_leads_to_the_page_of_runs(client: httpx.Client) -> None:
    answer = client.get("/?model=wrong&domain=maze&outcome=failed", follow_redirects=False)
    assert answer.status_code == 307
    assert answer.headers["location"] == "/browse?model=wrong&domain=maze&outcome=failed"


def test_pages_do_not_grow_with_the_data(own_root: DataRoot, own_client: TestClient) -> None:
    prompt = "Move the dot & stop. " * 60
    reason = "The provider did not answer. " * 60
    models = [f"some-providers-long-model-name-{number:02d}" for number in range(45)]
    for number in range(60):
        for domain in ("chess", "maze") if number else ("chess", "maze", *(f"domain-{n:02d}" for n in range(18))):
            add_question(own_root, PairKey(domain, f"{domain}_{number:04d}"), ground_truth=False, prompt=prompt)
    for number, model in enumerate(models):
        for task in range(4):
            key = run_of(model, f"maze_{task:04d}")
            add_run(own_root, key, status="failed")
            record = own_root.run_folder(key) / "metadata.json"
            record.write_text(record.read_text().replace("the provider said no", reason))
        for task in range(4, 8):
            key = run_of(model, f"maze_{task:04d}")
            folder = own_root.run_folder(key)
            folder.mkdir(parents=True)
            text_of = record.read_text().replace('"failed"', '"succeeded"').replace(f"maze_{3:04d}", f"maze_{task:04d}")
            (folder / "metadata.json").write_text(text_of)
            add_score(own_root, key, 5 if (number + task) % 3 else 1)
    (own_root.pair_folder(PairKey("maze", "maze_0001")) / "question_metadata.json").write_text("{")
    sides = ",".join(f"pilot_experiment/{model}" for model in models[:8])
    for address in (
        "/",
        "/browse",
        "/browse?view=table",
        "/compare",
        f"/compare?side={sides}",
        "/data",
        "/search?q=move",
        "/docs",
    ):
        assert len(page(own_client, address).encode()) < 200_000, address


def test_the_docs_list_every_route_and_parameter(client: httpx.Client) -> None:
    words = text(page(client, "/docs"))
    for route, methods in client.get("/openapi.json").json()["paths"].items():
        for method, operation in methods.items():
            assert f"{method.upper()} {route}" in words
            for parameter in operation.get("parameters", ()):
                described = " ".join(parameter.get("description", "").split())
                assert f"{parameter['name']} {parameter['in']} {described}".strip() in words
