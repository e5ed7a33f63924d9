"""The packages of ``examples/``: installed by pip, they do what the pages say that show them."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest
from markdown_pages import DOCS, ROOT

EXAMPLES = ROOT / "examples"
PAGES = {
    "adding-a-domain.md": ("vmevalkit-mirror/pyproject.toml", "vmevalkit-mirror/vmevalkit_mirror.py"),
    "adding-a-model.md": ("vmevalkit-extras/pyproject.toml", "vmevalkit-extras/vmevalkit_extras/pan.py"),
    "adding-an-evaluator.md": ("vmevalkit-extras/pyproject.toml", "vmevalkit-extras/vmevalkit_extras/stillness.py"),
}
"""Which files a page shows."""
OPTIONS = """
[models.pan-half]
type = "python"
model_id = "vmevalkit_extras.pan:PanModel"
turns = {turns}

[evaluators.StillnessEvaluator]
tolerance = {tolerance}
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Return a folder into which pip has installed the extras."""
    folder, source = tmp_path_factory.mktemp("site"), tmp_path_factory.mktemp("source") / "vmevalkit-extras"
    shutil.copytree(EXAMPLES / source.name, source, ignore=shutil.ignore_patterns("__pycache__"))
    options = ("--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check")
    command = [sys.executable, "-m", "pip", "install", *options, "--target", folder, source]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def vmevalkit(site, tmp_path_factory):
    """Return a function that runs a command in a folder with two questions."""
    folder = tmp_path_factory.mktemp("work")

    def run(*words, settings="", code=0):
        (folder / "vmevalkit.toml").write_text(settings)
        done = subprocess.run(
            [sys.executable, "-m", "vmevalkit", *words, "--data-dir", "data"],
            env={**os.environ, "PYTHONPATH": str(site)},
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stderr
        return json.loads(done.stdout) if "--json" in words else done.stderr

    run("create", "--domains", "maze,sudoku", "--pairs-per-domain", "1", "--size", "256")
    run("run", "--model", "pan,static,oracle", "--seconds", "1")
    return run


def passed(vmevalkit, evaluator):
    """Return how many of each model's videos an evaluator passes, and how many it scores."""
    rows = vmevalkit("report", "--evaluator", evaluator, "--json")["models"]
    return {row["model"]: (row["total"]["passed"], row["total"]["scored"]) for row in rows}


def test_the_model_films_what_the_rule_evaluator_does_not_pass(vmevalkit):
    vmevalkit("evaluate")
    found = passed(vmevalkit, "RuleEvaluator")
    assert (found["oracle"], found["pan"]) == ((2, 2), (0, 2))


def test_the_evaluator_tells_stillness_from_movement(vmevalkit):
    vmevalkit("evaluate", "--evaluator", "StillnessEvaluator")
    found = passed(vmevalkit, "StillnessEvaluator")
    assert (found["static"], found["pan"]) == ((2, 2), (0, 2))


def test_the_audit_finds_that_the_evaluator_passes_what_is_not_solved(vmevalkit):
    films = ("--questions", "1", "--domains", "maze", "--kind", "oracle,static", "--workers", "1")
    audit = vmevalkit("audit", "--evaluator", "StillnessEvaluator", *films, "--json", code=1)
    assert {finding["kind"] for finding in audit["findings"]} == {"static"}


def test_a_table_gives_the_classes_their_options(vmevalkit):
    settings = OPTIONS.format(turns=0.5, tolerance=254)
    vmevalkit("run", "--model", "pan-half", "--seconds", "1", settings=settings)
    vmevalkit("evaluate", "--evaluator", "StillnessEvaluator", "--model", "pan-half", settings=settings)
    assert passed(vmevalkit, "StillnessEvaluator")["pan-half"] == (2, 2)


@pytest.mark.parametrize(
    ("settings", "command", "problem"),
    [
        (OPTIONS.format(turns=0, tolerance=1), ("run", "--model", "pan-half"), "turns must be above 0"),
        (
            OPTIONS.format(turns=1, tolerance=255),
            ("evaluate", "--evaluator", "StillnessEvaluator"),
            "tolerance must be",
        ),
    ],
)
def test_an_option_that_makes_no_sense_is_one_line_and_nothing_is_done(vmevalkit, settings, command, problem):
    said = vmevalkit(*command, settings=settings, code=2)
    assert problem in said.splitlines()[0]
    assert "Traceback" not in said


@pytest.mark.parametrize(("page", "path"), [(page, path) for page, paths in PAGES.items() for path in paths])
def test_the_page_shows_the_file_as_it_is(page, path):
    blocks = re.findall(r"```(?:python|toml)\n(.*?)```", (DOCS / page).read_text("utf-8"), re.DOTALL)
    assert (EXAMPLES / path).read_text("utf-8") in blocks


def test_every_file_of_the_examples_is_shown():
    shown = {path for paths in PAGES.values() for path in paths}
    there = {
        file.relative_to(EXAMPLES).as_posix() for suffix in ("py", "toml") for file in EXAMPLES.rglob(f"*.{suffix}")
    }
    assert {path for path in there if not path.endswith("__init__.py")} == shown
