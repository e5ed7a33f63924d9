"""Which models there are, and where they come from."""

import re
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from vmevalkit.errors import UnknownNameError, UsageError
from vmevalkit.models import (
    ModelEntry,
    catalogue,
    find_model,
    is_hosted,
    is_idempotent,
    missing_keys,
    open_local,
    open_provider,
    registry,
    require_keys,
)

DOCS = Path(__file__).parents[2] / "docs"
TABLES = [
    block
    for page in ("models.md", "local-models.md")
    for block in re.findall(r"```toml\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)
]


def test_names_are_valid_as_folders_and_begin_with_their_provider():
    for name, entry in catalogue().items():
        assert re.fullmatch(r"[a-z0-9][a-z0-9.-]*", name)
        assert entry.name == name
        assert entry.description
        if is_hosted(entry):
            assert name.startswith(entry.provider.split("-")[0])
            assert entry.needs
            assert entry.extra


@pytest.mark.parametrize("name", ["luma-ray-2", "openai-sora-2"])
def test_names_of_results_that_exist_stay_and_cannot_be_run(name):
    entry = catalogue()[name]
    with pytest.raises(UsageError, match=f"{name} cannot be run any more"):
        open_provider(entry, dict.fromkeys(entry.needs, "key"))


def test_an_unknown_name_shows_the_near_ones():
    with pytest.raises(UnknownNameError) as caught:
        find_model(catalogue(), "luma-ray-3")
    assert "luma-ray-3.2" in caught.value.hint


@pytest.mark.parametrize("text", TABLES)
def test_the_tables_in_the_documentation_are_models(text):
    own = tomllib.loads(text)["models"]
    for name in own:
        assert catalogue(own)[name].name == name


def test_a_table_says_all_that_a_server_needs():
    table = {
        "type": "openai",
        "base_url": "http://gpu7:8000/v1",
        "key": "LAB_KEY",
        "sizes": ["832x480", [480, 832]],
        "seconds": [5],
        "usd_per_second": 0.5,
        "concurrency": 8,
        "per_minute": 60,
        "negative_prompt": "blur",
    }
    entry = catalogue({"lab": table})["lab"]
    assert entry.limits.sizes == ((832, 480), (480, 832))
    assert (entry.base_url, entry.concurrency, entry.per_minute, entry.price(832, 480, 5)) == (
        table["base_url"],
        8,
        60,
        2.5,
    )
    assert dict(entry.options) == {"negative_prompt": "blur"}
    assert missing_keys(entry, {}) == ["LAB_KEY"]
    assert missing_keys(entry, {"LAB_KEY": "k"}) == []


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ({}, r"\[models.mine\] type: Field required"),
        ({"type": "magic"}, r"\[models.mine\] type: "),
        ({"type": "openai", "sizes": ["big"]}, r"\[models.mine\] sizes"),
        ({"type": "openai", "concurrency": 0}, r"\[models.mine\] concurrency"),
        ({"type": "openai", "usd_per_second": -1}, r"\[models.mine\] usd_per_second"),
        ({"type": "openai", "usd_per_second": float("nan")}, r"\[models.mine\] usd_per_second"),
        ({"type": "openai", "per_minute": float("inf")}, r"\[models.mine\] per_minute"),
        ({"type": "openai", "seconds": [float("inf")]}, r"\[models.mine\] seconds"),
    ],
)
def test_a_table_that_cannot_be_used_is_named(table, problem):
    with pytest.raises(UsageError, match=problem):
        catalogue({"mine": table})


@pytest.mark.parametrize("value", ["", " ", "\r\n"])
def test_a_key_of_nothing_but_spaces_is_not_set(value):
    entry = catalogue({"lab": {"type": "openai", "key": "LAB_KEY"}})["lab"]
    assert missing_keys(entry, {"LAB_KEY": value}) == ["LAB_KEY"]
    with pytest.raises(UsageError, match="lab needs LAB_KEY"):
        require_keys(entry, {"LAB_KEY": value})


@pytest.mark.parametrize("value", ["sk-planted\x00key", "sk-planted\nkey", "sk-plantedé", "sk-planted\ud83d"])
def test_what_cannot_be_sent_is_no_key_and_is_not_shown(value):
    entry = catalogue({"lab": {"type": "openai", "key": "LAB_KEY"}})["lab"]
    with pytest.raises(UsageError, match="lab: LAB_KEY is no key") as caught:
        require_keys(entry, {"LAB_KEY": value})
    assert "planted" not in f"{caught.value.message} {caught.value.hint}"


def test_a_repeated_submission_is_recognised_only_where_the_adapter_lets_it_be():
    own = {name: {"type": name, "idempotent": True} for name in ("openai", "luma")}
    assert [is_idempotent(catalogue(own)[name]) for name in own] == [True, False]


def test_a_command_with_an_unknown_key_is_named():
    entry = catalogue({"mine": {"type": "command", "command": "x {output}", "tiemout": 3}})["mine"]
    with pytest.raises(UsageError, match=r"model mine: .*tiemout"):
        open_local(entry)


class Mine:
    """A model of another package."""

    name, version, description = "mine", "3", "films black"

    def film(self, request, path):
        raise NotImplementedError


MINE = (ModelEntry("lab-a", "openai", "a", "one"), ModelEntry("lab-b", "openai", "b", "two"))


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("test_registry:Mine", {"point"}),
        ("test_registry:MINE", {"lab-a", "lab-b"}),
        ("test_registry:DOCS", None),
        ("gone:X", None),
    ],
)
def test_other_packages_add_models(monkeypatch, value, names):
    point = EntryPoint("point", value, registry.ENTRY_POINT_GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [point])
    if names is None:
        with pytest.raises(UsageError, match="point"):
            catalogue()
        return
    found = catalogue()
    assert names <= set(found)
    if names == {"point"}:
        assert open_local(found["point"]).description == "films black"
