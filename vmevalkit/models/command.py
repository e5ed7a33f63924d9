"""A command as model: any program that takes an image and a prompt and writes a video."""

import os
import re
import selectors
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import shorten
from typing import Literal

from PIL import Image

from vmevalkit import media
from vmevalkit.errors import UnknownNameError, UsageError, VideoError
from vmevalkit.models.base import FilmRequest, ModelError, StoppedError

PLACEHOLDERS = (
    "image",
    "prompt",
    "prompt_file",
    "output",
    "seed",
    "frames",
    "fps",
    "seconds",
    "width",
    "height",
)
"""What a command can ask for, each in braces. All but the prompt are also in the environment, as ``VMEVAL_IMAGE`` etc.

``{seed}`` is 0 to 2**31 - 1, ``{seconds}`` a decimal number, and ``{width}`` and ``{height}`` are the image's pixels.
"""

_BRACES = re.compile(r"\{\{([A-Za-z_][\w-]*)\}\}|\{([A-Za-z_][^{}\s\"']*)\}")
_KEPT_BYTES = 20_000
_LOOK_SECONDS = 0.2
_GRACE_SECONDS = 5.0
"""Between asking a command to end and ending it: what started a container, say, has to stop it."""

# Is told a process group, and at the end that all is well. If it hears no more than the group, the parent has died.
_GUARD = """
import os, signal, sys
words = sys.stdin.buffer.read().split()
if len(words) == 1:
    os.killpg(int(words[0]), signal.SIGKILL)
"""

_NOT_PRINTED = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|[\x00-\x08\x0e-\x1f\x7f-\x9f]")

Ending = Literal["exited", "timed out", "stopped"]


class CommandError(ModelError):
    """A command that failed; ``output`` is the end of what it printed."""

    def __init__(self, message: str, *, output: str = "", retryable: bool = False, hint: str | None = None) -> None:
        super().__init__(message + _last_words(output), retryable=retryable, hint=hint)
        self.output = output


class CommandModel:
    """Films by running a program, once for each video.

    The program finds the first frame as a PNG file, and must leave a video at ``{output}``, a path that ends in
    ``.mp4``. It runs without a shell, without standard input, in a process group of its own, and nothing of that
    group outlives the video, a time-out, Ctrl-C or the end of this process.
    """

    def __init__(
        self,
        name: str,
        command: str | Sequence[str],
        *,
        timeout: float = 3600.0,
        cwd: str | None = None,
        env: Mapping[str, str] | None = None,
        version: str = "1",
        description: str | None = None,
    ) -> None:
        """Take a model's settings; nothing is run or looked for yet.

        Args:
            name: the model's name.
            command: the program and its arguments, with `PLACEHOLDERS`; a string is split as a shell does. A word
                in double braces stands for the same in single ones.
            timeout: seconds for one video.
            cwd: the folder to run in; the current one if it is not given.
            env: environment variables in addition to those of this process.
            version: the model's version, as results have it.
            description: a line for lists of models.

        Raises:
            UsageError: the command cannot be used.

        """
        self.name, self.version = name, version
        self._arguments = _checked(name, command)
        if not timeout > 0:  # nor is "not a number"
            raise UsageError(f"model {name}: timeout must be above 0 seconds, not {timeout}")
        self._timeout = timeout
        self._cwd = Path(cwd).expanduser() if cwd is not None else None
        self._env = {variable: str(value) for variable, value in (env or {}).items()}
        self.description = description or shorten(f"runs {shlex.join(self._arguments)}", 80, placeholder=" ...")
        self._closed = False

    def check(self) -> None:
        """See whether the program is there.

        Raises:
            UsageError: it is not, or its folder is not.

        """
        if self._cwd is not None and not self._cwd.is_dir():
            raise UsageError(f"model {self.name}: no such folder: {self._cwd}", hint="correct cwd")
        program = self._program()
        if os.sep in program and self._cwd is not None:
            program = str(self._cwd / program)
        if shutil.which(program, path=self._env.get("PATH")) is None:
            raise UsageError(
                f"model {self.name}: program not found, or not executable: {program}",
                hint="give its full path, or add its folder to PATH",
            )

    def film(self, request: FilmRequest, path: Path) -> None:
        """Run the command, and copy the video that it leaves to ``path``.

        Raises:
            UsageError: the program cannot be started.
            CommandError: it fails, takes too long, or leaves no video.
            StoppedError: the model is closed.

        """
        with TemporaryDirectory(prefix="vmevalkit-", ignore_cleanup_errors=True) as name:
            values = _values(request, Path(name))
            Image.fromarray(request.first_frame).save(values["image"])
            Path(values["prompt_file"]).write_bytes(request.prompt.encode())
            output = self._run(values)
            video = Path(values["output"])
            if not video.is_file():
                raise CommandError(f"{self.name}: the command left no file at {{output}}", output=output)
            try:
                media.probe(video)
            except VideoError as error:
                problem = error.message.replace(str(video), video.name)
                raise CommandError(f"{self.name}: the command left no video: {problem}", output=output) from error
            shutil.copyfile(video, path)

    def close(self) -> None:
        """Stop the commands that other threads wait for, in a moment, and start no more."""
        self._closed = True

    def _program(self) -> str:
        return str(Path(self._arguments[0]).expanduser()) if self._arguments[0][0] == "~" else self._arguments[0]

    def _run(self, values: Mapping[str, str]) -> str:
        arguments = [self._program(), *(_filled(argument, values) for argument in self._arguments[1:])]
        if "\0" in "".join(arguments):
            raise ModelError(f"{self.name}: the prompt has a NUL character", hint="use {prompt_file}")
        environment = {f"VMEVAL_{key.upper()}": value for key, value in values.items() if key != "prompt"}
        until = time.monotonic() + self._timeout
        with _guard() as watch:
            process = self._start(arguments, os.environ | environment | self._env)
            tail = _Tail(process)
            try:
                watch(process.pid)
                ending = self._wait(process, tail, until)
            finally:
                _end(process)
                tail.close()
        status = process.returncode
        if ending == "timed out":
            text = f"{self.name}: the command was not done after {self._timeout:g} s"
            raise CommandError(text, output=tail.text, retryable=True)
        if ending == "stopped":
            raise StoppedError(f"{self.name}: the command was stopped", retryable=True)
        if status < 0:
            text = f"{self.name}: the command was ended by {_signal_name(-status)}"
            raise CommandError(text, output=tail.text, retryable=True)
        if status > 0:
            raise CommandError(f"{self.name}: the command ended with status {status}", output=tail.text)
        return tail.text

    def _start(self, arguments: Sequence[str], environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
        try:
            return subprocess.Popen(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd=self._cwd,
                env=environment,
                start_new_session=True,
            )
        except OSError as error:
            self.check()
            raise UsageError(f"model {self.name}: cannot start {arguments[0]}: {error.strerror}") from error

    def _wait(self, process: "subprocess.Popen[bytes]", tail: "_Tail", until: float) -> Ending:
        while process.poll() is None:
            if self._closed:
                return "stopped"
            left = until - time.monotonic()
            if left <= 0:
                return "timed out"
            tail.read(min(left, _LOOK_SECONDS))
        return "exited"


class _Tail:
    """The end of what a process prints, on either stream."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        if process.stdout is None:
            raise ValueError("the process has no pipe")
        self._process, self._pipe = process, process.stdout
        os.set_blocking(self._pipe.fileno(), False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._pipe, selectors.EVENT_READ)
        self._open = True
        self._kept = b""

    @property
    def text(self) -> str:
        return self._kept.decode(errors="replace")

    def read(self, seconds: float) -> None:
        """Take what is printed next; wait at most so long for it, or for the process to end."""
        if not self._open:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(seconds)
        elif self._selector.select(seconds):
            self._take()

    def _take(self) -> None:
        try:
            piece = os.read(self._pipe.fileno(), 1 << 20)  # as much as a pipe can hold
        except BlockingIOError:
            return
        self._open = bool(piece)
        self._kept = (self._kept + piece)[-_KEPT_BYTES:]

    def close(self) -> None:
        self._take()
        self._selector.close()
        self._pipe.close()


@contextmanager
def _guard() -> Iterator[Callable[[int], None]]:
    """Give a function that names a process group, which is ended if this process dies in the block, however it dies."""
    with subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _GUARD],
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as guard:

        def tell(words: bytes) -> None:
            if guard.stdin is not None:
                with suppress(BrokenPipeError):  # it has been killed; the command can do without
                    guard.stdin.write(words)

        try:
            yield lambda group: tell(b"%d" % group)
        finally:
            tell(b" done")


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a process and all of its group: kindly at first if it still runs."""
    try:
        if process.poll() is None:
            _signal_group(process, signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(_GRACE_SECONDS)
    finally:
        _signal_group(process, signal.SIGKILL)
        process.wait()


def _signal_group(process: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    # A group of none but a dead leader is no group on Linux, and one of somebody else on macOS.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _checked(name: str, command: str | Sequence[str]) -> tuple[str, ...]:
    try:
        arguments = tuple(shlex.split(command) if isinstance(command, str) else command)
    except ValueError as error:
        raise UsageError(f"model {name}: command cannot be split into words: {error}") from error
    if not arguments or not all(isinstance(argument, str) for argument in arguments) or not arguments[0]:
        raise UsageError(f"model {name}: command must be a text, or a list of texts, and name a program")
    asked = [match[2] for argument in arguments[1:] for match in _BRACES.finditer(argument) if match[2]]
    for placeholder in asked:
        if placeholder not in PLACEHOLDERS:
            raise UnknownNameError(f"placeholder in the command of model {name}", f"{{{placeholder}}}", _in_braces())
    if "output" not in asked:
        raise UsageError(
            f"model {name}: command has no {{output}}", hint="put {output} where the program takes the video's path"
        )
    return arguments


def _in_braces() -> list[str]:
    return [f"{{{placeholder}}}" for placeholder in PLACEHOLDERS]


def _filled(argument: str, values: Mapping[str, str]) -> str:
    return _BRACES.sub(lambda match: f"{{{match[1]}}}" if match[1] else values[match[2]], argument)


def _values(request: FilmRequest, folder: Path) -> dict[str, str]:
    height, width = request.first_frame.shape[:2]
    return {
        "image": str(folder / "first_frame.png"),
        "prompt": request.prompt,
        "prompt_file": str(folder / "prompt.txt"),
        "output": str(folder / "output.mp4"),
        "seed": str(request.seed % 2**31),  # what every program's random generator takes
        "frames": str(request.frames),
        "fps": str(request.fps),
        "seconds": f"{request.frames / request.fps:g}",
        "width": str(width),
        "height": str(height),
    }


def _last_words(output: str) -> str:
    lines = [_NOT_PRINTED.sub("", line).strip() for line in output.splitlines()]
    words = " / ".join([line for line in lines if line][-3:])
    return f"; its last words: {words[-600:]}" if words else "; it printed nothing"


def _signal_name(number: int) -> str:
    return signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
