"""What the index and the dashboard say of archived experiments."""

from aged import NAME, add_experiment
from fastapi.testclient import TestClient

from vmevalkit.catalog import Catalog
from vmevalkit.lifecycle import archive, unarchive
from vmevalkit.web import DashboardConfig, create_app


def test_an_archived_experiment_is_listed_as_archived_and_not_as_missing_or_damaged(root, folder_place):
    add_experiment(root)
    add_experiment(root, "other")
    catalog = Catalog(root)
    assert catalog.archived() == ()
    archive(root, folder_place.open(), NAME)
    catalog.refresh()
    assert [row.name for row in catalog.experiments()] == ["other"]
    (stub,) = catalog.archived()
    assert (stub.experiment, stub.snapshot, sum(model.runs for model in stub.models.values())) == (
        NAME,
        "archive/pilot",
        6,
    )
    assert catalog.problems() == (0, ())
    unarchive(root, folder_place.open(), NAME)
    catalog.refresh()
    assert [row.name for row in catalog.experiments()] == ["other", NAME]
    assert catalog.archived() == ()


def test_the_pages_say_that_an_experiment_is_archived(root, folder_place):
    add_experiment(root)
    add_experiment(root, "other")
    archive(root, folder_place.open(), NAME)
    client = TestClient(create_app(DashboardConfig(root)), base_url="http://127.0.0.1")
    overview = client.get(f"/?experiment={NAME}")
    assert overview.status_code == 200
    assert "This experiment is archived" in overview.text
    assert "6 runs of 2 models" in overview.text
    assert "vmevalkit unarchive pilot --yes" in overview.text
    assert f'<option value="{NAME}"' in client.get("/?experiment=other").text
    data = client.get("/data").text
    assert "Archived experiments" in data
    assert "archive/pilot" in data
    for text in (overview.text, data):
        assert str(root.path.parent) not in text
    for page in ("/", "/browse", f"/browse?experiment={NAME}", "/compare", "/score", "/api/experiments"):
        assert client.get(page).status_code == 200, page
    assert client.get("/?experiment=nobody").status_code == 404


def test_a_data_root_with_nothing_but_archives_and_one_with_a_damaged_stub_are_shown(root, folder_place):
    add_experiment(root)
    archive(root, folder_place.open(), NAME)
    client = TestClient(create_app(DashboardConfig(root)), base_url="http://127.0.0.1")
    assert client.get("/").status_code == 200
    assert "This experiment is archived" in client.get(f"/?experiment={NAME}").text
    root.archive_stub(NAME).write_text("{")
    assert client.get("/data").status_code == client.get("/").status_code == 200
