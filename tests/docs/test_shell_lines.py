"""Every shell line of the documentation runs as it stands there, or is named here with the reason why it does not.

Each page has a sandbox of its own, in which its blocks run in their order: see ``sandbox.py``.
"""

import re
import shlex
import shutil
import tomllib

import httpx
import pytest
import typer
from markdown_pages import GUIDES, ROOT, Block, blocks, inline_commands, name_of, prose
from sandbox import Sandbox
from support.layouts import old_structure, older_vmevalkit, vbvr

from vmevalkit.cli import app

SUBSTITUTED = {
    # what stands there: what runs (in braces, what belongs to the sandbox)
    r"--pairs-per-domain \d+": "--pairs-per-domain 1 --size 256",
    r"(vmevalkit audit --evaluator \w+)( --questions \d+)?": r"\1 --questions 1 --domains maze --kind oracle,static",
    r"202501151030/manifest": "202412010900/manifest",
    r"(?<![\w.])/tmp/": "{folder}/tmp/",
    r"export (hf|parquet|webdataset|croissant|jsonl) OUT": r"export \1 OUT-\1",
    r"migrate OUT": "migrate OUT-hf",
    r"file:///backup": "file://{folder}/backup",
    r"\.venv/bin/": "",
    r"pip install --no-build-isolation -e": "pip install --no-build-isolation --no-deps --no-index --target site",
    r"VMEVAL_DASHBOARD_TOKEN=\.\.\.": "VMEVAL_DASHBOARD_TOKEN=a-secret-of-mine",
    r"http://(localhost|127\.0\.0\.1):5000": "{dashboard}",
    r"3f0c9a52d1b84e6f7a10": "{item}",
}
"""Only sizes, places, addresses and secrets are other ones than on the page."""

NOT_RUN = {
    # what the command begins with: why it does not run
    r"make ": "the targets are the tests themselves, or take long; they have to exist",
    r"pip install ": "asks a package index; the extras have to exist",
    r"hf download ": "gigabytes of weights",
    r"ray start ": "a cluster; tests/runner/test_cluster.py starts one",
    r"vmevalkit .*--executor ray": "a cluster; tests/runner/test_cluster.py runs such commands on one",
    r"python -m pytest ": "the tests themselves; tests/tasks/test_domain_packages.py runs this one",
    r"python -m benchmarks ": "measures at scale",
    r"pre-commit install": "would change the checkout that the tests run in",
    r"python -m pip uninstall ": "would change the environment that the tests run in",
}
if shutil.which("aws") is None:
    NOT_RUN[r"aws "] = "Amazon's command line is not installed"

STATUS = {
    # commands that end with another status than 0, rightly
    r"vmevalkit unarchive pilot_experiment +#": (2, "where the page names it first, nothing is archived yet"),
    r"vmevalkit migrate --yes": (1, "the two trees that are migrated here have questions of one name: a conflict"),
    r"vmevalkit audit --evaluator GPT4OEvaluator": (1, "the judge that plays GPT-4o here likes every video"),
    r"vmevalkit audit --evaluator StillnessEvaluator": (1, "it likes a film that stays still, as its page says"),
}

SERVER = re.compile(r"(?:^|\s)(?:vmevalkit dashboard|python app\.py)\b")
BEGINNINGS = ("README.md", "quick-start.md", "migration.md")
"""Pages that begin with no data."""
WITH_BLOCKS = [page for page in GUIDES if blocks(page)]


def substituted(text: str, **values: str) -> str:
    for pattern, instead in SUBSTITUTED.items():
        text = re.sub(pattern, lambda found, instead=instead: found.expand(instead), text)
    return re.sub(r"\{(folder|dashboard|item)\}", lambda found: values.get(found[1], found[0]), text)


def reason_not_to_run(command: str) -> str | None:
    return next((reason for pattern, reason in NOT_RUN.items() if re.match(pattern, command)), None)


def status_of(command: str) -> int:
    return next((status for pattern, (status, _) in STATUS.items() if re.match(pattern, command)), 0)


@pytest.fixture
def sandbox(request, tmp_path, lab, moto_url) -> Sandbox:
    httpx.post(f"{moto_url}/moto-api/reset", trust_env=False).raise_for_status()
    httpx.put(f"{moto_url}/vmevalkit", trust_env=False).raise_for_status()
    page = request.getfixturevalue("page")
    made = lab.copied(tmp_path / "work", data=page.name not in BEGINNINGS)
    if page.name == "migration.md":
        older_vmevalkit(made.folder / "old_data")
        vbvr(made.folder / "vbvr")
        old_structure(made.folder / "data" / "old_structure")
    return made


@pytest.mark.s3
@pytest.mark.parametrize("page", WITH_BLOCKS, ids=name_of)
def test_the_shell_lines_of_a_page_run(page, sandbox):
    text = page.read_text("utf-8")
    if page.name not in BEGINNINGS and re.search(
        r"vmevalkit (pull|diff|verify|gc|retain|archive|versions|validate)\b|aws s3 ", text
    ):
        _push_before(sandbox, text)
    for block in blocks(page):
        if ":5000/" in block.text:
            with sandbox.serving("vmevalkit dashboard", block.place) as url:
                api = f"{url}/api/rating/pilot_experiment/next"
                item = httpx.get(api, params={"rater": "Ana"}, trust_env=False).json()["item"]
                _run(block, sandbox, dashboard=url, item=item and item["item"])
        else:
            _run(block, sandbox)


def _push_before(sandbox: Sandbox, text: str) -> None:
    commands = ["vmevalkit push --date 202501151030 --log-as 1.0", "vmevalkit push --date 202504151030"]
    if "aws s3 " in text:  # a process for each file: a few have to do
        commands.append("vmevalkit push --date 202412010900 --data-dir data/evaluations/second")
    if "file:///backup" in text:
        commands.append("vmevalkit push --remote file://$PWD/backup --log-as 1.0")
    sandbox.run([(command, 0) for command in commands], "the snapshots that are there before")


def _run(block: Block, sandbox: Sandbox, **values: str) -> None:
    together: list[tuple[str, int]] = []
    for written in block.commands:
        command = substituted(written, folder=str(sandbox.folder), **values)
        if reason_not_to_run(command):
            check_weakly(command, block.place)
        elif SERVER.search(command):
            if together:
                sandbox.run(together, block.place)
                together = []
            with sandbox.serving(command, block.place) as url:
                closed = "token" in command.lower()
                assert httpx.get(f"{url}/browse", trust_env=False).status_code == (401 if closed else 200), command
        else:
            together.append((command, status_of(command)))
    if together:
        sandbox.run(together, block.place)


def check_weakly(command: str, place: str) -> None:
    """Check what can be checked of a command without running it."""
    words = shlex.split(command, comments=True)
    if words[0] == "vmevalkit":
        parse(words[1:], place)
    elif words[0] == "pip":
        extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
        asked = {extra for found in re.findall(r"vmevalkit\[(.*?)\]", command) for extra in found.split(",")}
        assert asked <= extras.keys(), place
    elif "pytest" in words:
        assert (ROOT / words[words.index("pytest") + 1]).is_file(), place


def parse(words: list[str], place: str) -> None:
    """Check that a command, its options and their values are such that ``vmevalkit`` takes them."""
    command, path = typer.main.get_command(app), "vmevalkit"
    while words and hasattr(command, "commands") and words[0] in command.commands:
        command, path, words = command.commands[words[0]], f"{path} {words[0]}", words[1:]
    assert not hasattr(command, "commands") or path != "vmevalkit", f"{place}: there is no command {words[0]}"
    command.make_context(path, words)


@pytest.mark.parametrize("page", GUIDES, ids=name_of)
def test_commands_within_the_text_exist(page):
    for written in inline_commands(page):
        words = re.sub(r"[\[\]|,;].*", "", written).split()[1:]
        command = typer.main.get_command(app)
        while words and words[0] in getattr(command, "commands", ()):
            command, words = command.commands[words[0]], words[1:]
        assert command.name != "vmevalkit", f"{name_of(page)}: {written}"
        known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
        unknown = {word for word in words if word.startswith("--")} - known
        assert not unknown, f"{name_of(page)}: {written} has no {', '.join(sorted(unknown))}"


def test_the_make_targets_that_are_named_exist():
    makefile = (ROOT / "Makefile").read_text()
    typed = [command for page in GUIDES for block in blocks(page) for command in block.commands]
    typed += [code for page in GUIDES for code in re.findall(r"`([^`]+)`", prose(page))]
    named = {found[1] for code in typed if (found := re.match(r"make ([a-z-]+)(?=\s*(?:#|[A-Z]+=|$))", code))}
    assert {"demo", "test", "lint"} <= named
    assert not {target for target in named if not re.search(rf"^{target}:", makefile, re.MULTILINE)}


def test_no_exception_is_left_over():
    commands = [command for page in GUIDES for block in blocks(page) for command in block.commands]
    assert all(any(re.search(pattern, command) for command in commands) for pattern in SUBSTITUTED)
    run = [substituted(command) for command in commands]
    for pattern in (*NOT_RUN, *STATUS):
        assert any(re.match(pattern, command) for command in run), pattern


def test_a_command_with_an_unknown_option_is_found():
    with pytest.raises(Exception, match="No such option"):
        parse(["create", "--pairs", "5"], "here")
