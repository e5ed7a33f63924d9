"""Tables as Parquet files of bounded size, written in row groups of bounded size."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

from vmevalkit.errors import RecordError, UsageError
from vmevalkit.export._sink import Sink, WrittenFile
from vmevalkit.export.columns import Column, Kind, Table

Row = TypeVar("Row")

SPLIT = "test"
"""All that we have is for evaluation."""
SHARD_BYTES = 500_000_000
_GROUP_BYTES = 16_000_000
_GROUP_ROWS = 5_000
_LARGEST_CELL = 2**31 - 2**20
"""Of a file in a table: Arrow counts the bytes of a column's piece in 31 bits."""
_CELL_BYTES = 8

FEATURES: Mapping[Kind, Mapping[str, str]] = {
    "string": {"dtype": "string", "_type": "Value"},
    "json": {"dtype": "string", "_type": "Value"},
    "integer": {"dtype": "int64", "_type": "Value"},
    "number": {"dtype": "float64", "_type": "Value"},
    "boolean": {"dtype": "bool", "_type": "Value"},
    "time": {"dtype": "timestamp[us, tz=UTC]", "_type": "Value"},
    "image": {"_type": "Image"},
    "video": {"_type": "Video"},
}
"""What Hugging Face ``datasets`` calls the kinds of columns; it reads this from the file's metadata."""


def require_pyarrow() -> None:
    """Raise a `UsageError` if the library for Parquet files is not installed."""
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError as error:
        raise UsageError("Parquet files need pyarrow", hint="pip install 'vmevalkit[parquet]'") from error


class TableWriter(Generic[Row]):
    """Writes a table as ``<table>/test-00000-of-00001.parquet`` and so on."""

    def __init__(self, folder: Path, table: Table[Row], *, shard_bytes: int = SHARD_BYTES) -> None:
        self._folder, self.table, self._shard_bytes = folder, table, shard_bytes
        self._schema = _schema(table.columns)
        self._rows: list[dict[str, object]] = []
        self._buffered = 0
        self._sink: Sink | None = None
        self._writer: Any = None
        self._in_shard = 0
        self._done: list[WrittenFile] = []
        self.data_bytes = 0
        """All values together."""

    def add(self, item: Row) -> None:
        """Append a row.

        Raises:
            RecordError: a file that it needs is missing, broken or too large; nothing was appended.

        """
        row = self.table.row(item)
        size = sum(map(_cell_size, row.values(), row))
        group_is_full = self._buffered + size > _GROUP_BYTES or len(self._rows) >= _GROUP_ROWS
        shard_is_full = self._sink is not None and self._sink.size + self._buffered + size > self._shard_bytes
        if self._rows and (group_is_full or shard_is_full or self._buffered + size > self._shard_bytes):
            self._flush()
        if self._sink is not None and self._sink.size + size > self._shard_bytes:
            self._end_shard()
        self._rows.append(row)
        self._buffered += size
        self.data_bytes += size

    def finish(self, *, even_if_empty: bool = False) -> tuple[WrittenFile, ...]:
        """Write what is left and return the files; a table without rows has none, unless asked for."""
        if self._rows or (even_if_empty and not self._done and self._sink is None):
            self._flush()
        self._end_shard()
        return tuple(self._named(number, file) for number, file in enumerate(self._done))

    def close(self) -> None:
        """Let go of a file that is not to be finished."""
        if self._sink is not None:
            self._sink.discard()
            if self._writer is not None:
                # Otherwise it would try to end the file when it is collected, and complain.
                self._writer.close()

    def _flush(self) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        if self._sink is None:
            path = self._folder / self._name(len(self._done))
            path.parent.mkdir(exist_ok=True)
            self._sink = Sink(path)
            texts = [c.name for c in self.table.columns if c.kind not in {"image", "video"}]
            files = [f"{c.name}.bytes" for c in self.table.columns if c.kind in {"image", "video"}]
            leaves = [*texts, *files, *(name.replace(".bytes", ".path") for name in files)]
            self._writer = pq.ParquetWriter(
                self._sink,
                self._schema,
                # Pictures and films are compressed already, and nobody searches them.
                compression={name: "none" if name in files else "zstd" for name in leaves},
                use_dictionary=texts,
                write_statistics=texts,
            )
        self._writer.write_batch(pa.RecordBatch.from_pylist(self._rows, schema=self._schema))
        self._in_shard += len(self._rows)
        self._rows, self._buffered = [], 0

    def _end_shard(self) -> None:
        if self._sink is None:
            return
        self._writer.close()
        self._sink.close()
        self._done.append(self._sink.written(self._name(len(self._done)), self._in_shard))
        self._sink, self._writer, self._in_shard = None, None, 0

    def _name(self, number: int) -> str:
        return f"{self.table.name}/{SPLIT}-{number:05d}.parquet"

    def _named(self, number: int, file: WrittenFile) -> WrittenFile:
        """Give a file its last name, which says how many there are."""
        name = f"{self.table.name}/{SPLIT}-{number:05d}-of-{len(self._done):05d}.parquet"
        (self._folder / file.path).rename(self._folder / name)
        return WrittenFile(name, file.size, file.sha256, file.items)


def _cell_size(value: object, name: str) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        data = value["bytes"]
        if len(data) > _LARGEST_CELL:
            raise RecordError(value["path"], f"too large for a table: {len(data)} bytes of {name}")
        return len(data)
    return _CELL_BYTES


def _schema(columns: Sequence[Column[Any]]) -> Any:  # noqa: ANN401 - pyarrow comes without types
    import pyarrow as pa

    file = pa.struct({"bytes": pa.binary(), "path": pa.string()})
    types = {
        "string": pa.string(),
        "json": pa.string(),
        "integer": pa.int64(),
        "number": pa.float64(),
        "boolean": pa.bool_(),
        "time": pa.timestamp("us", tz="UTC"),
        "image": file,
        "video": file,
    }
    features = {"info": {"features": {column.name: FEATURES[column.kind] for column in columns}}}
    fields = [pa.field(column.name, types[column.kind]) for column in columns]
    return pa.schema(fields, metadata={"huggingface": json.dumps(features)})
