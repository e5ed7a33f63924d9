"""Where shell lines of the documentation run: a folder with a small lab's data, no keys, and a store on loopback."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from shlex import quote

from markdown_pages import ROOT
from support import index_tree
from support.stores import KEY, SECRET

from vmevalkit.dataroot import DataRoot, RunKey

SECONDS = 120
"""How long the commands of a block may take together, on a busy machine."""
_OLD = 1_700_000_000
_RUN_ID = "20250115T103000Z"
_URL = re.compile(r"http://\S+")

# Models and judges that the pages name and that need an account or a GPU: each is played by something on this machine.
_SETTINGS = """
[evaluators.GPT4OEvaluator]
base_url = "{judge}"
"""
_PLAYED = ("runway-gen-4.5", "my-model", "veo-3", "sora-2", "luma-ray-2")
_MODEL = """
[models."{name}"]
type = "command"
command = ["cp", "tmp/film.mp4", "{{output}}"]
"""
_LAB = """
vmevalkit create --pairs-per-domain 4 --domains chess,maze --size 256 --videos --seconds 1 --fps 8
cp data/questions/chess_task/chess_0000/ground_truth.mp4 tmp/film.mp4
vmevalkit run --model oracle,static,veo-3,sora-2 --task-id chess_0000,maze_0000 --seconds 1
vmevalkit run --model luma-ray-2 --task-id chess_0003
vmevalkit run --model oracle --task-id chess_0000 --seconds 1 --experiment second
vmevalkit evaluate
vmevalkit evaluate --experiment second
"""


class Sandbox:
    """A folder to run commands in, as somebody would who follows a page from its top."""

    def __init__(self, folder: Path, *, endpoint: str) -> None:
        """Set what a user would have set, with an S3 server at ``endpoint`` and no keys of any service."""
        self.folder = folder
        self.environment = {
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "HOME": str(folder),
            "TMPDIR": str(folder / "tmp"),
            "PYTHONPATH": str(folder / "site"),
            "MPLCONFIGDIR": str(folder / "tmp"),
            "BROWSER": "true",
            "LC_ALL": "C.UTF-8",
            "NO_PROXY": "*",
            "SLURM_ARRAY_TASK_ID": "2",
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    @classmethod
    def lab(cls, folder: Path, *, endpoint: str, judge: str) -> "Sandbox":
        """Make the folder that the others are copies of: a lab after some months.

        Chess and maze questions, filmed by baselines and hosted models, scored by rule and by a person; a second
        experiment; and a run that is old enough to be retained.
        """
        for script in ("web/app.py", "data/s3_sync.py"):
            (folder / script).parent.mkdir(parents=True)
            shutil.copyfile(ROOT / script, folder / script)
        shutil.copytree(ROOT / "examples", folder / "examples", ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "tmp").mkdir()
        models = "".join(_MODEL.format(name=name) for name in _PLAYED)
        (folder / "vmevalkit.toml").write_text(models + _SETTINGS.format(judge=judge))
        (folder / ".curlrc").write_text('fail\nsilent\nshow-error\nnoproxy = "*"\n')
        made = cls(folder, endpoint=endpoint)
        made.environment["SOURCE_DATE_EPOCH"] = "1736937000"  # what `_RUN_ID` says
        made.run([(line, 0) for line in _LAB.split("\n") if line], "the lab")
        root = DataRoot(folder / "data")
        for model, score in (("veo-3", 5), ("sora-2", 2)):
            for task in ("chess_0000", "maze_0000"):
                record = (_RUN_ID, "Ana", score)
                index_tree.scores(root, task.split("_")[0], task, record, model=model, evaluator="human-eval")
        old = RunKey(index_tree.EXPERIMENT, "luma-ray-2", "chess", "chess_0003", _RUN_ID)
        for file in root.run_folder(old).rglob("*"):
            os.utime(file, (_OLD, _OLD))
        return made

    def copied(self, folder: Path, *, data: bool) -> "Sandbox":
        """Return a copy, with the data or, as on the first day, without."""
        shutil.copytree(self.folder, folder)
        if not data:
            shutil.rmtree(folder / "data")
        return Sandbox(folder, endpoint=self.environment["AWS_ENDPOINT_URL"])

    def run(self, commands: list[tuple[str, int]], place: str) -> None:
        """Run commands one after the other in one shell; each has to end with its status."""
        lines = ["set -o pipefail"]
        for command, status in commands:
            lines += [
                command,
                f"ended=$?; [ $ended = {status} ] || {{ echo ended with $ended: {quote(command)} >&2; exit 99; }}",
            ]
        process = self._start(["bash", "-c", "\n".join(lines)])
        try:
            out, errors = process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            self._end(process)
            raise AssertionError(f"{place}: not done after {SECONDS} seconds") from None
        assert process.returncode != 99, f"{place}\n{out}\n{errors}"
        assert process.returncode == 0, f"{place}\n{errors}"
        assert "Traceback" not in errors, f"{place}\n{errors}"

    @contextmanager
    def serving(self, command: str, place: str) -> Iterator[str]:
        """Start a server at any free port, give its URL, and press Ctrl-C at the end."""
        process = self._start(["bash", "-c", f"{command.split(' #', maxsplit=1)[0]} --port 0"])
        try:
            line = process.stdout.readline()
            url = _URL.search(line)
            assert url, f"{place}: {line}{process.communicate(timeout=SECONDS)[1]}"
            yield url[0].replace("0.0.0.0", "127.0.0.1")
            os.killpg(process.pid, signal.SIGINT)
            _, errors = process.communicate(timeout=SECONDS)
            assert (process.returncode, errors) == (0, ""), f"{place}: {errors}"
        finally:
            self._end(process)

    def _start(self, command: list[str]) -> subprocess.Popen[str]:
        # On one core, commands take one process by themselves: quicker than starting several for so little work.
        cores = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {sorted(cores)[os.getpid() % len(cores)]})
        try:
            return subprocess.Popen(
                command,
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
        finally:
            os.sched_setaffinity(0, cores)

    @staticmethod
    def _end(process: subprocess.Popen[str]) -> None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
