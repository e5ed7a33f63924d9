"""The bar of `vmevalkit.progress`, apart because it is only imported on a terminal."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Display
from rich.text import Text


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:.1f}/s", style="progress.data.speed")


class _Bar:
    def __init__(self, display: Display, label: str) -> None:
        self._display = display
        self._task = display.add_task(label, total=None, unit="")

    def start(self, total: int | None, unit: str) -> None:
        self._display.reset(self._task, total=total, unit=unit)

    def advance(self, count: int = 1) -> None:
        self._display.advance(self._task, count)


@contextmanager
def bar(label: str) -> Iterator[_Bar]:
    """Show a bar with amount, rate and time left on standard error for the length of the block."""
    columns = (
        TextColumn("{task.description:<9}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[unit]}"),
        _Rate(),
        TimeRemainingColumn(),
    )
    with Display(*columns, console=Console(stderr=True)) as display:
        yield _Bar(display, label)
