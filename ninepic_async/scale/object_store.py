"""Store files in an object store. Uploads are atomic, and a listing replaces the journal."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Self, cast

import anyio
import anyio.to_thread
import obstore
from attrs import define, field
from obstore import exceptions

from ninepic_async.download.job import FetchJob
from ninepic_async.download.journal import EventNote, Row
from ninepic_async.download.names import stem
from ninepic_async.download.partial_file import TemporaryPart
from ninepic_async.download.source import SourceFile
from ninepic_async.download.store import Part, UnwritableError
from ninepic_async.errors import DownloadError
from ninepic_async.scale.place import Place, store_errors

_CONCURRENT_UPLOADS: Final = 8
"""How many files are uploaded at the same time. Large files are also split into parallel parts."""
_PERMANENT_ERRORS: Final = (
    exceptions.PermissionDeniedError,
    exceptions.UnauthenticatedError,
    exceptions.UnknownConfigurationKeyError,
    exceptions.NotSupportedError,
)
"""Errors that will also fail every other upload."""


@define(eq=False)
class ObjectStore:
    """The files of one shard in an object store.

    Attributes:
        target: the object store.
        prefix: the text before each file's name.
        files: the shard's files.
        present: the size of each stored file, by name.
        hashes: the SHA-256 of each file that was uploaded, by name.
        noted: what happened to each file, in order.
    """

    target: Place
    prefix: str
    files: Sequence[SourceFile]
    present: dict[str, int] = field(factory=dict)
    hashes: dict[str, str] = field(factory=dict)
    noted: list[Row] = field(factory=list)
    _uploaded: dict[str, str] = field(factory=dict)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        return None

    async def list_present(self) -> None:
        """List the files that earlier runs have stored."""
        with store_errors(self.target.url):
            async for batch in obstore.list(self.target.store, prefix=self.prefix.rstrip("/")):
                self.present.update({each["path"].rpartition("/")[2]: each["size"] for each in batch})

    @property
    def place(self) -> str:
        """The store's URL."""
        return self.target.url

    def rows(self) -> Iterator[tuple[int, Row]]:
        """Yield a row for each stored file of the shard. Stored files are complete."""
        names = {stem(name): name for name in self.present}
        for number, file in enumerate(self.files):
            name = names.get(stem(file.name))
            if name is not None:
                yield number, Row(key=file.key, id=file.id, name=name, state="done", bytes=self.present[name])

    def size(self, name: str) -> int | None:
        """Return the size of a stored file, or None if there is none."""
        return self.present.get(name)

    def is_whole(self, name: str) -> bool | None:
        """Return None: a stored file can't be incomplete."""
        return None

    def open_part(self, name: str, previous: Row | None) -> TemporaryPart:
        """Open an unfinished file, in memory or on the temporary disk."""
        return TemporaryPart(name)

    def begun(self, job: FetchJob, part: Part) -> None:
        """Do nothing: an unfinished file is deleted with its worker."""

    async def flush(self, files: Sequence[tuple[Part, str]]) -> dict[str, Exception]:
        """Upload complete files under their final names, and close them. Return the errors, by part name."""
        failed: dict[str, Exception] = {}
        limiter = anyio.CapacityLimiter(_CONCURRENT_UPLOADS)
        try:
            async with anyio.create_task_group() as uploads:
                for part, final in files:
                    if isinstance(part, TemporaryPart):
                        uploads.start_soon(self._upload, part, final, failed, limiter)
        finally:
            for part, _ in files:
                part.close()
        return failed

    async def _upload(
        self, part: TemporaryPart, final: str, failed: dict[str, Exception], limiter: anyio.CapacityLimiter
    ) -> None:
        async with limiter:
            try:
                self.hashes[final] = await anyio.to_thread.run_sync(_sha256, part)
                part.file.seek(0)
                await obstore.put_async(self.target.store, self.prefix + final, part.file)
            except _PERMANENT_ERRORS as error:
                failed[part.name] = _with_hint(self.target, error)
            except (exceptions.BaseError, OSError) as error:
                failed[part.name] = UnwritableError(f"{final} can't be uploaded: {str(error)[:300]}")
            else:
                self.present[final] = part.size
                self._uploaded[part.name] = final

    def publish(self, name: str, final: str, *, replace: bool) -> None:
        """Rename an uploaded file if its final name has changed since the upload."""
        uploaded = self._uploaded.pop(name)
        if uploaded != final:
            with store_errors(self.target.url):
                obstore.rename(self.target.store, self.prefix + uploaded, self.prefix + final)
            self.present[final] = self.present.pop(uploaded)
            self.hashes[final] = self.hashes.pop(uploaded)

    def adopt(self, name: str, final: str) -> bool:
        """Return False: a stored file with this name may be another file."""
        return False

    def discard(self, name: str) -> None:
        """Do nothing: an unfinished file is temporary."""

    def note(self, rows: Sequence[Row | EventNote]) -> list[int]:
        """Keep the rows for the manifest. Return their indexes."""
        first = len(self.noted)
        self.noted += [row for row in rows if isinstance(row, Row)]
        return list(range(first, len(self.noted)))

    async def sync(self) -> None:
        """Do nothing: a finished upload is durable."""


def _sha256(part: TemporaryPart) -> str:
    part.file.seek(0)
    return hashlib.file_digest(cast("Any", part.file), "sha256").hexdigest()


def _with_hint(place: Place, error: Exception) -> Exception:
    try:
        with store_errors(place.url):
            raise error
    except DownloadError as explained:
        return explained
    raise AssertionError("store_errors turns every error of a store into another")


def last_rows(rows: Sequence[Row]) -> Mapping[str, Row]:
    """Return the last row of each photo, by key."""
    return {row.key: row for row in rows}
