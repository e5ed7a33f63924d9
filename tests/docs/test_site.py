"""The documentation site: Sphinx builds it without a warning, and it asks nothing of any other server."""

import re
import subprocess
import sys

import pytest
from markdown_pages import DOCS


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", "-d", folder / "trees"]
    built = subprocess.run([*command, DOCS, folder / "html"], capture_output=True, text=True, check=False)
    assert (built.returncode, built.stderr) == (0, "")
    return folder / "html"


def test_it_has_every_page(site):
    pages = {path.relative_to(DOCS).with_suffix(".html").as_posix() for path in DOCS.rglob("*.md")}
    assert all((site / page).is_file() for page in pages)


def test_it_loads_nothing_from_elsewhere(site):
    loads = re.compile(
        r"<(?:script|img|iframe)[^>]+src=\"(?:https?:)?//|<link[^>]+href=\"(?:https?:)?//|@import|url\(['\"]?http"
    )
    for file in [*site.rglob("*.html"), *site.rglob("*.css")]:
        assert not loads.search(file.read_text("utf-8")), file.name


def test_it_says_what_each_public_name_is(site):
    from _generate import PYTHON_PACKAGES, public_names

    for name in (name for group in PYTHON_PACKAGES.values() for name in group):
        page = (site / "reference" / "python" / f"{name}.html").read_text("utf-8")
        missing = [public for public in public_names(name) if f'id="vmevalkit.{name}.{public}"' not in page]
        assert not missing, f"vmevalkit.{name}: {', '.join(missing)}"
