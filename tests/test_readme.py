"""What the README tells people to type works as it stands there."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
COMMANDS = [line for block in re.findall(r"```bash\n(.*?)```", README, re.DOTALL) for line in block.splitlines()]


def run(line, cwd):
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(line, shell=True, cwd=cwd, env=environment, capture_output=True, text=True, check=False)  # noqa: S602


def test_the_commands_of_the_pipeline_work_in_their_order(tmp_path):
    lines = [line for line in COMMANDS if line.startswith("vmevalkit ")]
    assert [line.split()[1] for line in lines] == ["create", "run", "evaluate", "report", "push", "dashboard"]
    for line in lines[:-1]:
        result = run(line.replace("file:///tmp", f"file://{tmp_path}").replace(" 15 ", " 3 "), tmp_path)
        assert result.returncode == 0, f"{line}\n{result.stderr}"


def test_the_make_targets_it_names_exist():
    makefile = (ROOT / "Makefile").read_text()
    named = {line.split()[1] for line in COMMANDS if line.startswith("make ")} | set(
        re.findall(r"`make ([a-z]+)", README)
    )
    assert {"demo", "test"} <= named
    for target in named:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


@pytest.mark.parametrize("target", sorted({*re.findall(r"\]\(([^)#]+)\)", README)}))
def test_its_links_and_pictures_lead_somewhere(target):
    if not target.startswith("https://"):
        assert (ROOT / target).is_file()
