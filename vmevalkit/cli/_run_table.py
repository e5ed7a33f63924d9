"""The table that shows on a terminal how the models are getting on."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.live import Live
from rich.table import Table

from vmevalkit.runner.events import Event, Watcher


@dataclass
class _Row:
    planned: int = 0
    succeeded: int = 0
    failed: int = 0
    skipped: int = 0
    under_way: int = 0
    cost: float = 0.0
    note: str = ""
    began: float = field(default_factory=time.monotonic)

    @property
    def cells(self) -> tuple[str, ...]:
        made, elapsed = self.succeeded + self.failed, time.monotonic() - self.began
        left = self.planned - made - self.skipped
        rate = made / elapsed if elapsed else 0.0
        remaining = f"{left / rate / 60:.0f} min" if rate and left and not self.note else ""
        counts = (str(number) for number in (self.succeeded, self.failed, self.skipped, self.under_way, self.planned))
        return (*counts, f"{rate * 60:.1f}" if made else "", remaining, f"${self.cost:.2f}" if self.cost else "")


class _Table:
    """Asked for a picture of itself a few times a second."""

    def __init__(self) -> None:
        self._rows: dict[str, _Row] = {}

    def watch(self, event: Event) -> None:
        row = self._rows.setdefault(event.model, _Row())
        match event.kind:
            case "planned":
                row.planned, row.began = event.count or 0, time.monotonic()
            case "started":
                row.under_way += 1
            case "succeeded":
                row.under_way, row.succeeded = row.under_way - 1, row.succeeded + 1
            case "failed":
                row.under_way, row.failed = row.under_way - (event.run_id is not None), row.failed + 1
            case "left":
                row.under_way -= 1
            case "skipped":
                row.skipped += 1
            case "stopped":
                row.note = event.message or "stopped"
        row.cost += event.cost_usd or 0.0

    def __rich__(self) -> Table:
        table = Table("model", box=None)
        for name in ("made", "failed", "there", "under way", "of", "per minute", "left", "cost"):
            table.add_column(name, justify="right")
        table.add_column("", overflow="fold")
        for name, row in list(self._rows.items()):  # Rows may be added meanwhile.
            table.add_row(name, *row.cells, row.note)
        return table


@contextmanager
def run_table() -> Iterator[Watcher]:
    """Show the table on standard error for the length of the block."""
    table = _Table()
    with Live(get_renderable=table.__rich__, console=Console(stderr=True), refresh_per_second=4):
        yield table.watch
