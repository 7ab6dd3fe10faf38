"""Write all rows of the manifests into one Parquet file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from attrs import asdict, fields

from ninepic_async.scale.manifest import ManifestRow

PARQUET: Final = "manifest.parquet"


class ParquetFile:
    """A Parquet file of manifest rows, on the local disk. Needs pyarrow."""

    def __init__(self, path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        text, integer = pa.string(), pa.int64()
        types: dict[str, Any] = {"event_id": integer, "bytes": integer, "bibs": pa.list_(text)}
        types |= dict.fromkeys(("width", "height"), pa.int32())
        self.path = path
        self._schema = pa.schema([(each.name, types.get(each.name, text)) for each in fields(ManifestRow)])
        self._writer = pq.ParquetWriter(path, self._schema)

    def write(self, rows: Iterable[ManifestRow]) -> None:
        """Add rows."""
        import pyarrow as pa

        self._writer.write_table(pa.Table.from_pylist([asdict(row) for row in rows], schema=self._schema))

    def close(self) -> None:
        """Finish and close the file."""
        self._writer.close()
