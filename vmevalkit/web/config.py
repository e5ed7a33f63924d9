"""What the dashboard is told before it starts."""

from dataclasses import dataclass
from pathlib import Path

from vmevalkit.dataroot import DataRoot, check_name
from vmevalkit.errors import UsageError

DEFAULT_EXPERIMENT = "pilot_experiment"
MAX_BODY_BYTES = 16 * 1024 * 1024
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")


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
