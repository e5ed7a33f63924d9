"""``python -m fuzz``: look for input that breaks a target, guided by coverage.

All is imported once, instrumented, and each target gets a process of its own: libFuzzer never returns.
"""

import argparse
import os
import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import atheris

if TYPE_CHECKING:
    from fuzz.target import Target

MEMORY_MEGABYTES = 2048
INPUT_SECONDS = 20
"""An input that takes longer, or more memory, is a finding."""

_EXECUTIONS = re.compile(r"stat::number_of_executed_units: (\d+)")
_SLOW = ("-print_final_stats=1", f"-rss_limit_mb={MEMORY_MEGABYTES}", f"-timeout={INPUT_SECONDS}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Fuzz the targets that are named, or all; return 1 if one of them broke."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="which; all if none is named")
    parser.add_argument("--seconds", type=int, default=60, help="how long each is tried (60)")
    parser.add_argument("--runs", type=int, help="how often each is tried, at most")
    parser.add_argument("--folder", type=Path, default=Path(".fuzz"), help="keeps the corpus and the findings (.fuzz)")
    parser.add_argument("--input", type=Path, metavar="FILE", help="have the target read this file, and no more")
    options = parser.parse_args(arguments)
    targets = _instrumented()
    unknown = [name for name in options.targets if name not in targets]
    if unknown:
        parser.error(f"unknown target {unknown[0]}; known: {', '.join(targets)}")
    limits = [f"-max_total_time={options.seconds}"] + ([f"-runs={options.runs}"] if options.runs is not None else [])
    broken = 0
    with tempfile.TemporaryDirectory(prefix="vmevalkit-fuzz-") as scratch:
        os.environ["TMPDIR"] = tempfile.tempdir = scratch
        for name in options.targets or targets:
            if options.input is not None:
                _read(targets[name], options.input, Path(scratch))
                continue
            broken += _fuzzed(targets[name], options.folder, Path(scratch), limits)
    return min(broken, 1)


def _instrumented() -> Mapping[str, "Target"]:
    # It names each module.
    nowhere = StringIO()
    with redirect_stderr(nowhere), redirect_stdout(nowhere), atheris.instrument_imports(include=["vmevalkit"]):
        from fuzz.targets import TARGETS
    return TARGETS


def _read(target: "Target", file: Path, scratch: Path) -> None:
    from fuzz.target import check

    check(target, file.read_bytes(), scratch)


def _fuzzed(target: "Target", folder: Path, scratch: Path, limits: Sequence[str]) -> bool:
    """Fuzz a target in a process of its own, say what came of it, and return whether it broke."""
    place, own = folder / target.name, scratch / target.name
    corpus = place / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    own.mkdir()
    for number, seed in enumerate(target.seeds):
        (corpus / f"seed-{number}").write_bytes(seed)
    words = scratch / f"{target.name}.dict"
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in (*target.words, b"\n")))
    log = place / "log.txt"
    child = os.fork()
    if not child:
        _attach(log)
        fixed = [*_SLOW, f"-artifact_prefix={place}/", f"-dict={words}"]
        try:
            _hunt(target, own, place, [*fixed, *limits, str(corpus)])
        finally:
            os._exit(1)  # Nothing of what the parent has set up is the child's to clean up.
    _, status = os.waitpid(child, 0)
    text = log.read_text(errors="replace")
    runs = _EXECUTIONS.search(text)
    count = f"{int(runs[1]):,} inputs" if runs else "no inputs"
    verdict = "nothing found" if status == 0 and runs else f"BROKEN: see {log}"
    sys.stdout.write(f"{target.name:18} {count:>18}  {verdict}\n")
    sys.stdout.flush()
    return status != 0 or not runs


def _attach(log: Path) -> None:
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)


def _hunt(target: "Target", own: Path, place: Path, arguments: Sequence[str]) -> None:
    from fuzz.target import check

    def one(data: bytes) -> None:
        try:
            check(target, data, own)
        except Exception:  # libFuzzer keeps only what kills the process.
            (place / f"crash-{sha256(data).hexdigest()[:16]}").write_bytes(data)
            raise

    atheris.Setup([f"fuzz-{target.name}", *arguments], one)
    atheris.Fuzz()


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


if __name__ == "__main__":
    sys.exit(main())
