"""Options that several commands share, and how they are turned into values."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from vmevalkit.dataroot import DataRoot
    from vmevalkit.runner.executors import Workers as WhereWorkIsDone
    from vmevalkit.runner.shards import Shard
    from vmevalkit.snapshots import Remote

DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="The data root.  [default: VMEVAL_DATA_DIR, or ./data]", show_default=False),
]
Domains = Annotated[
    list[str] | None,
    typer.Option(
        "--domains", "--domain", help="Only these domains; give it once per domain or separate them by commas."
    ),
]
Models = Annotated[
    list[str] | None,
    typer.Option("--model", help="Only these models; give it once per model or separate them by commas."),
]
Experiment = Annotated[str, typer.Option("--experiment", help="Name of the experiment.")]
Workers = Annotated[
    int | None,
    typer.Option("--workers", min=1, help="Number of processes.  [default: one per core]", show_default=False),
]
ShardText = Annotated[
    str | None,
    typer.Option(
        "--shard", metavar="I/N", help="Only the I-th of N parts of the questions, such as 2/8 of a job array."
    ),
]
ExecutorName = Annotated[
    Literal["local", "ray"],
    typer.Option("--executor", help="Where the work is done: in processes of this machine, or on a Ray cluster."),
]
RayAddress = Annotated[
    str | None,
    typer.Option(
        "--ray-address",
        help="The head of the Ray cluster, such as 10.0.0.1:6379.  "
        "[default: RAY_ADDRESS, or the cluster of this machine, or a new one]",
        show_default=False,
    ),
]
RemoteUrl = Annotated[
    str | None,
    typer.Option(
        "--remote",
        help="Where snapshots are: s3://bucket, gs://, az:// or file:///folder.  "
        "[default: VMEVAL_REMOTE, or the bucket S3_BUCKET]",
        show_default=False,
    ),
]
Snapshot = Annotated[
    str,
    typer.Argument(help="A snapshot (202501151030), a version (1.0), archive/NAME or latest; also REMOTE@SNAPSHOT."),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do it; without this, only say what would be done.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]

DEFAULT_EXPERIMENT = "pilot_experiment"


def data_root(data_dir: Path | None) -> "DataRoot":
    """Return the data root that an option or the settings name."""
    from vmevalkit.dataroot import DataRoot
    from vmevalkit.settings import load_settings

    return DataRoot(data_dir if data_dir is not None else load_settings().data_dir)


def opened_remote(url: str | None, *, create: bool = False) -> "Remote":
    """Open the remote that an option or the settings name; ``create`` makes a folder that is missing."""
    from vmevalkit.settings import load_settings
    from vmevalkit.snapshots import open_remote

    settings = load_settings()
    return open_remote(url or settings.remote_url, settings, create=create)


def remote_and_snapshot(url: str | None, snapshot: str) -> "tuple[Remote, str]":
    """Open the remote and return the snapshot that an argument means, which may name the remote as well."""
    from vmevalkit.errors import UsageError
    from vmevalkit.snapshots import resolve

    place, at, name = snapshot.rpartition("@")
    if at and "://" in place:
        if url is not None:
            raise UsageError(f"{snapshot} names a remote, and so does --remote", hint="leave one of them away")
        url, snapshot = place, name
    remote = opened_remote(url)
    return remote, resolve(remote, snapshot)


def split(values: list[str] | None) -> list[str] | None:
    """Split values at commas; `None` and nothing at all stay `None`."""
    names = [name.strip() for value in values or () for name in value.split(",")]
    return [name for name in names if name] or None


def worker_count(workers: int | None) -> int:
    """Return the number of processes asked for, or one per core."""
    from vmevalkit.runner.executors import default_workers

    return workers if workers is not None else default_workers()


def chosen_workers(workers: int | None, executor: str, ray_address: str | None) -> "WhereWorkIsDone":
    """Return where work is to be done."""
    from vmevalkit.errors import UsageError
    from vmevalkit.runner.cluster import RayCluster

    if executor == "ray":
        return RayCluster(ray_address, workers)
    if ray_address is not None:
        raise UsageError("--ray-address goes with --executor ray")
    return worker_count(workers)


def shard_of(text: str | None) -> "Shard | None":
    """Return the part of the questions that an option names."""
    from vmevalkit.runner.shards import Shard

    return None if text is None else Shard.parse(text)


def size_text(count: int) -> str:
    """Return a number of bytes with a unit that suits it."""
    from rich.filesize import decimal

    return decimal(count)


def print_json(value: object) -> None:
    """Print a value as JSON."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


class JsonDocument:
    """Prints a JSON object with a list of any length in it, an item per line as they come: none is kept."""

    def __init__(self, head: Mapping[str, object], name: str) -> None:
        """Print what comes before the list, and the list's name."""
        print(json.dumps(head, indent=2, ensure_ascii=False).removesuffix("\n}") + f',\n  "{name}": [', end="")
        self._separator = "\n    "

    def add(self, item: object) -> None:
        """Print one more item."""
        print(self._separator + json.dumps(item, ensure_ascii=False), end="")
        self._separator = ",\n    "

    def end(self, tail: Mapping[str, object] | None = None) -> None:
        """Print what comes after the list."""
        more = json.dumps(tail, indent=2, ensure_ascii=False).removeprefix("{") if tail else "\n}"
        print("\n  ]" + ("," if tail else "") + more)


def print_table(table: "Table") -> None:
    """Print a table as wide as it needs to be where nobody looks at it in a terminal."""
    from rich.console import Console

    console = Console()
    if not console.is_terminal:
        console = Console(width=200)
    console.print(table)
