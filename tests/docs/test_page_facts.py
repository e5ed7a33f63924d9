"""What single pages say is true: titles, extras, floors, targets, messages, and the script."""

import re
import subprocess
import sys
import tomllib

import pytest
from markdown_pages import DOCS, ROOT, blocks, prose

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
TARGETS = sorted(re.search(r"^\.PHONY: ((?:.*\\\n)*.*)$", MAKEFILE, re.MULTILINE)[1].replace("\\\n", " ").split())
SOURCE = "\n".join(path.read_text("utf-8") for path in sorted((ROOT / "vmevalkit").rglob("*.py")))


def rows(page, header):
    """Return the cells of the table that begins with a header, row by row."""
    table = prose(page).partition(f"\n| {header} |")[2].partition("\n\n")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]


@pytest.mark.parametrize("page", [DOCS / "index.md", ROOT / "README.md"], ids=lambda page: page.name)
def test_a_link_is_called_what_its_page_is_called(page):
    text = prose(page)
    lists = text if page.name == "index.md" else text.partition("\n## Read on\n")[2].partition("\n\nAll pages")[0]
    found = re.findall(r"\[([^\]]+)\]\(([^)#]+\.md)\)", lists)
    assert len(found) > 20
    for words, path in found:
        assert (page.parent / path).read_text("utf-8").startswith(f"# {words}\n"), path


def test_the_quick_start_names_every_extra():
    named = {name for row in rows(DOCS / "quick-start.md", "extra") for name in re.findall(r"`([\w-]+)`", row[0])}
    assert named == PROJECT["project"]["optional-dependencies"].keys()


def test_the_floors_are_those_that_lint_checks():
    (contract,) = PROJECT["tool"]["importlinter"]["contracts"]
    floors = [set(re.findall(r"vmevalkit\.(\w+)", layer)) for layer in contract["layers"]]
    said: dict[int, set[str]] = {}
    for floor, packages, _ in rows(DOCS / "architecture.md", "floor"):
        said.setdefault(int(floor), set()).update(re.findall(r"`(\w+)`", packages))
    assert [said[floor] for floor in sorted(said, reverse=True)] == floors


def test_every_folder_beside_the_package_is_on_the_map():
    ignored = (ROOT / ".gitignore").read_text("utf-8").splitlines()
    folders = {path.name for path in ROOT.iterdir() if path.is_dir() and re.fullmatch("[a-z]+", path.name)}
    named = {name for row in rows(DOCS / "architecture.md", "folder") for name in re.findall(r"`(\w+)`", row[0])}
    assert named == {name for name in folders if f"/{name}/" not in ignored} - {"vmevalkit"}


@pytest.mark.parametrize("target", TARGETS)
def test_a_make_target_is_in_its_help_and_in_contributing(target):
    help_text = MAKEFILE.partition("\nhelp:\n")[2].partition("\n\n")[0]
    typed = [command for block in blocks(ROOT / "CONTRIBUTING.md") for command in block.commands]
    assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE)
    if target != "help":
        assert f'"make {target} ' in help_text
        assert any(re.match(rf"make {target}(\s|$)", command) for command in typed)


def test_every_message_that_is_explained_is_one_of_ours():
    source = re.sub(r'"\s*\n\s*f?"', "", SOURCE)
    messages = [message for row in rows(DOCS / "troubleshooting.md", "message") for message in row[:1]]
    parts = [part.strip() for cell in messages for code in re.findall(r"`([^`]+)`", cell) for part in code.split("...")]
    assert len(parts) > 20
    missing = [part for part in parts if part and part not in source]
    assert not missing


def test_the_script_of_the_python_page_runs_and_does_nothing_twice(tmp_path):
    (script,) = re.findall(r"```python\n(.*?)```", (DOCS / "python.md").read_text("utf-8"), re.DOTALL)
    (tmp_path / "experiment.py").write_text(script)

    def said():
        command = [sys.executable, "experiment.py"]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    first = said()
    assert "6 questions made, 0 there already" in first
    assert "12 videos made" in first
    assert "is version 1.0" in first
    assert first.endswith("oracle: 6 of 6\nwrong: 0 of 6\n")
    again = said()
    assert "0 questions made, 6 there already" in again
    assert "0 videos made, 12 there already" in again
    assert "is version" not in again
