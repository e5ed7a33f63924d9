"""How fast a deep validation is, against Pillow decoding the same frames on one core, times the workers.

``python -m benchmarks validate`` prints rates and peak memory as well; memory is read from ``/proc``, so that works on
Linux only.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from PIL import Image

from benchmarks.measure import Ratio, alternate
from benchmarks.processes import Peaks
from vmevalkit.dataroot import FINAL_FRAME_NAME, FIRST_FRAME_NAME, DataRoot
from vmevalkit.integrity import Code, Options, validate
from vmevalkit.runner.create_dataset import create_dataset
from vmevalkit.runner.executors import default_workers

_PER_DOMAIN = 100
_ROUNDS = 3
_TARGET = 1.25
"""The reciprocal of 0.8: here, smaller is better."""
_PROOFS = frozenset({Code.BROKEN_PUZZLE, Code.WRONG_SOLUTION, Code.WRONG_KEY})
_POLL_SECONDS = 0.05


def ratios() -> Iterator[Ratio]:
    """Measure in this process, by its CPU time per question."""
    with tempfile.TemporaryDirectory(prefix="vmevalkit-") as folder:
        root = DataRoot(Path(folder))
        create_dataset(root, pairs_per_domain=_PER_DOMAIN, workers=default_workers())
        frames = _frames(root)
        count = len(frames) // 2
        without_proofs = Options(deep=True, only=frozenset(Code) - _PROOFS)
        for what, options, target in (
            ("validate --deep, proofs aside", without_proofs, _TARGET),
            ("validate --deep", Options(deep=True), None),
        ):
            ours, yardstick = alternate(partial(_validate, root, options), partial(_load, frames), rounds=_ROUNDS)
            yield Ratio(f"{what}, CPU", ours / count * 1000, "Pillow", yardstick / count * 1000, target)


def _validate(root: DataRoot, options: Options) -> None:
    for _ in validate(root, options):
        pass


def _frames(root: DataRoot) -> list[Path]:
    folders = (root.pair_folder(key) for key in root.iter_pairs())
    return [folder / name for folder in folders for name in (FIRST_FRAME_NAME, FINAL_FRAME_NAME)]


def _load(frames: Sequence[Path]) -> None:
    for frame in frames:
        with Image.open(frame) as image:
            image.load()


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command in a data root of some size and print its rate and its memory."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks validate", description=__doc__)
    parser.add_argument("--pairs", type=int, default=1000, help="how many questions in total (default: 1000)")
    parser.add_argument("--data-dir", type=Path, help="a data root that is there already")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2], help="processes (default: 1 2)")
    options = parser.parse_args(arguments)
    with _data_root(options.data_dir, options.pairs) as root:
        frames = _frames(root)
        count = len(frames) // 2
        _load(frames)
        began = time.perf_counter()
        _load(frames)
        rate = count / (time.perf_counter() - began)
        print(f"{count} questions; Pillow on one core decodes the frames of {rate:.0f} per second")
        print(f"{'':<28} {'workers':>7} {'per second':>10} {'of Pillow':>9} {'parent':>11} {'worker':>11}")
        for workers in options.workers:
            for flags in ([], ["--deep", "--only", _all_but_proofs()], ["--deep"]):
                _row(root, flags, workers, count, rate)


@contextmanager
def _data_root(there: Path | None, pairs: int) -> Iterator[DataRoot]:
    if there is not None:
        yield DataRoot(there)
        return
    with tempfile.TemporaryDirectory(prefix="vmevalkit-") as folder:
        root = DataRoot(Path(folder))
        create_dataset(root, pairs_per_domain=max(pairs // 5, 1), workers=default_workers())
        yield root


def _all_but_proofs() -> str:
    return ",".join(code for code in Code if code not in _PROOFS)


def _row(root: DataRoot, flags: list[str], workers: int, count: int, rate: float) -> None:
    command = [sys.executable, "-m", "vmevalkit", "validate", "--data-dir", str(root.path), "--workers", str(workers)]
    began = time.perf_counter()
    with subprocess.Popen([*command, *flags], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        peaks = Peaks(process.pid)
        while process.poll() is None:
            peaks.poll()
            time.sleep(_POLL_SECONDS)
    ours = count / (time.perf_counter() - began)
    name = "quick" if not flags else "deep" if len(flags) == 1 else "deep, proofs aside"
    worker = "none" if peaks.worker_mib is None else f"{peaks.worker_mib:.1f} MiB"
    share = f"{ours / (rate * workers):.2f}"
    print(f"{name:<28} {workers:>7} {ours:>10.0f} {share:>9} {peaks.parent_mib:>7.1f} MiB {worker:>11}", flush=True)


if __name__ == "__main__":
    main()
