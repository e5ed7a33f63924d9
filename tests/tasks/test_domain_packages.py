"""A domain that another package adds: installed by pip, it is a domain like any other."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "examples" / "vmevalkit-mirror"


def python(*arguments, site):
    return subprocess.run(
        [sys.executable, "-m", *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(site)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Return a folder into which pip has installed the package."""
    folder = tmp_path_factory.mktemp("site")
    source = tmp_path_factory.mktemp("source") / PACKAGE.name
    shutil.copytree(PACKAGE, source, ignore=shutil.ignore_patterns("__pycache__"))
    options = ("--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check")
    result = python("pip", "install", *options, "--target", folder, source, site="")
    assert result.returncode == 0, result.stderr
    return folder


@pytest.fixture
def broken_site(tmp_path):
    """Return a folder with an installed package whose entry point is made by the caller."""

    def install(target):
        info = tmp_path / "site" / "forgetful-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: forgetful\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[vmevalkit.domains]\nforgotten = {target}\n")
        return info.parent

    return install


def test_it_is_listed_behind_the_built_in_domains(site):
    result = python("vmevalkit", "domains", "--json", site=site)
    assert result.returncode == 0, result.stderr
    last = json.loads(result.stdout)[-1]
    assert (last["domain"], last["title"]) == ("mirror", "Mirror")


def test_its_questions_are_made_filmed_and_scored(site, tmp_path):
    def vmevalkit(*arguments):
        result = python("vmevalkit", *arguments, "--data-dir", tmp_path / "data", "--json", site=site)
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)

    assert vmevalkit("create", "--domains", "mirror", "--pairs-per-domain", 4)["made"] == 4
    assert vmevalkit("run", "--model", "oracle,wrong")["succeeded"] == 8
    assert vmevalkit("evaluate")["errors"] == 0
    rows = vmevalkit("report")["models"]
    assert {row["model"]: row["total"]["passed"] for row in rows} == {"oracle": 4, "wrong": 0}


def test_the_common_test_runs_over_it_and_passes(site):
    options = ("-k", "mirror", "-q", "-p", "no:cacheprovider")
    result = python("pytest", "tests/tasks/test_every_domain.py", *options, site=site)
    assert result.returncode == 0, result.stdout
    assert int(re.search(r"(\d+) passed", result.stdout)[1]) > 30


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        ("no_such_module:Domain", "cannot load no_such_module:Domain: No module named 'no_such_module'"),
        ("json:Domain", "cannot load json:Domain: module 'json' has no attribute 'Domain'"),
        ("json:JSONDecoder", "<class 'json.decoder.JSONDecoder'> is not a Domain class"),
    ],
)
def test_an_entry_point_that_leads_to_no_domain_is_one_clear_line(broken_site, tmp_path, target, problem):
    command = ("vmevalkit", "create", "--domains", "forgotten", "--data-dir", tmp_path / "data")
    result = python(*command, site=broken_site(target))
    assert result.returncode == 2
    assert result.stderr.splitlines()[0] == f"error: domain forgotten: {problem}"
    assert "Traceback" not in result.stderr
