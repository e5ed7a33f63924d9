"""What the dashboard is told before it starts."""

import re
from dataclasses import dataclass
from pathlib import Path

from vmevalkit.dataroot import DataRoot, check_name
from vmevalkit.errors import UsageError
from vmevalkit.settings import Settings

DEFAULT_EXPERIMENT = "pilot_experiment"
MAX_BODY_BYTES = 16 * 1024 * 1024
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
TOKEN_VARIABLE = "VMEVAL_DASHBOARD_TOKEN"  # noqa: S105 - the name of a variable
_TOKEN = re.compile(r"[\x21-\x7e]{8,200}")
_ROOT_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]+)*")
_HOST_NAME = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")


@dataclass(frozen=True)
class DashboardConfig:
    """Where the data lies and whom the dashboard answers."""

    root: DataRoot
    experiment: str = DEFAULT_EXPERIMENT
    """Shown first, and looked in first for a video whose address names no experiment."""
    max_body_bytes: int = MAX_BODY_BYTES
    """A request with a larger body is refused."""
    allowed_hosts: tuple[str, ...] = LOOPBACK_NAMES
    """Names by which a browser may address the dashboard; ``("*",)`` for any."""
    token: str | None = None
    """What everybody has to know who asks anything; `None` if nobody needs to."""
    root_path: str = ""
    """What a proxy puts before every path, such as ``/vmeval``."""
    settings: Settings | None = None
    """Where the remote and its keys are found; `None` if no remote is to be asked."""

    @property
    def remote_url(self) -> str | None:
        """The remote that somebody has chosen: the default of the settings is no choice."""
        settings = self.settings
        if settings is None or not {"remote", "s3_bucket"} & settings.model_fields_set:
            return None
        return settings.remote_url


@dataclass(frozen=True)
class ScatteredRoot(DataRoot):
    """A data root whose questions and outputs need not lie side by side; ``path`` holds the evaluations."""

    questions_folder: Path
    outputs_folder: Path

    @property
    def questions(self) -> Path:
        """The folder of all questions."""
        return self.questions_folder

    @property
    def outputs(self) -> Path:
        """The folder of all runs."""
        return self.outputs_folder


def config_from_folders(output_dir: Path, questions_dir: Path, max_body_bytes: int) -> DashboardConfig:
    """Build the configuration from one experiment's folder and the folder of the questions.

    Args:
        output_dir: ``<data root>/outputs/<experiment>``; it need not exist, the data root must.
        questions_dir: the folder with ``<domain>_task`` folders.
        max_body_bytes: the largest request body to accept.

    Raises:
        UsageError: there is no data root around ``output_dir``, or the limit is no positive number.
        UnsafePathError: the name of ``output_dir`` cannot be an experiment.

    """
    outputs = output_dir.absolute().parent.resolve()
    root = outputs.parent
    if not root.is_dir():
        raise UsageError(
            f"no data root at {root}",
            hint="make one with 'vmevalkit create', or set OUTPUT_DIR to <data root>/outputs/<experiment>",
        )
    if max_body_bytes < 1:
        raise UsageError(f"MAX_CONTENT_LENGTH must be a positive number of bytes, not {max_body_bytes}")
    experiment = check_name("experiment", output_dir.absolute().name)
    return DashboardConfig(ScatteredRoot(root, questions_dir.resolve(), outputs), experiment, max_body_bytes)


def checked_token(token: str | None) -> str | None:
    """Return a token that can be used; nothing at all is none.

    Raises:
        UsageError: it is too short, or has characters that a header cannot carry.

    """
    if not token:
        return None
    if not _TOKEN.fullmatch(token):
        raise UsageError(
            "the token must have 8 to 200 visible ASCII characters and no spaces",
            hint="make one with: python3 -c 'import secrets; print(secrets.token_urlsafe())'",
        )
    return token


def checked_root_path(text: str) -> str:
    """Return a proxy's prefix without a slash at its end; `UsageError` if it cannot be one."""
    path = text.rstrip("/")
    if not _ROOT_PATH.fullmatch(path):
        raise UsageError(f"{text!r} is no prefix of a path", hint="write it like --root-path /vmeval")
    return path


def host_names(given: list[str] | None) -> tuple[str, ...]:
    """Return the names that the dashboard answers to: those of this machine, and the given ones.

    Raises:
        UsageError: one is not the bare name of a host.

    """
    for name in given or ():
        if not _HOST_NAME.fullmatch(name):
            raise UsageError(f"{name!r} is no name of a host", hint="write it without http:// and without a port")
    return (*LOOPBACK_NAMES, *(name.lower() for name in given or ()))
