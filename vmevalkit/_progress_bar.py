"""The bar of `vmevalkit.progress`, apart because it is only imported on a terminal."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Display
from rich.text import Text

from vmevalkit.progress import work


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        elapsed = task.elapsed
        return Text(f"{task.fields['items'] / elapsed:.1f}/s" if elapsed else "", style="progress.data.speed")


class _Bar:
    """A bar whose length is the work, not the items: a film takes longer than a prompt."""

    def __init__(self, display: Display, label: str) -> None:
        self._display = display
        self._task = display.add_task(label, total=None, amount="", items=0)
        self._unit = ""
        self._total: int | None = None
        self._size: int | None = None
        self._items, self._bytes = 0, 0

    def start(self, total: int | None, unit: str, size: int | None = None) -> None:
        self._total, self._unit, self._size, self._items, self._bytes = total, unit, size, 0, 0
        whole = None if total is None else work(total, size)
        self._display.reset(self._task, total=whole, items=0, amount=self._amount())

    def advance(self, count: int = 1, size: int = 0) -> None:
        self._items, self._bytes = self._items + count, self._bytes + size
        done = work(self._items, self._bytes if self._size is not None else 0)
        self._display.update(self._task, completed=done, items=self._items, amount=self._amount())

    def _amount(self) -> str:
        items = f"{self._items}/{'?' if self._total is None else self._total} {self._unit}"
        return f"{items}, {self._bytes / 1e6:.1f}/{self._size / 1e6:.1f} MB" if self._size else items


@contextmanager
def bar(label: str) -> Iterator[_Bar]:
    """Show a bar with amount, rate and time left on standard error for the length of the block."""
    columns = (
        TextColumn("{task.description:<9}"),
        BarColumn(),
        TextColumn("{task.fields[amount]}", style="progress.download"),
        _Rate(),
        TimeRemainingColumn(),
    )
    with Display(*columns, console=Console(stderr=True)) as display:
        yield _Bar(display, label)
