"""What a bulk fetch tells its caller: how far it is, what came of it, what failed."""

from __future__ import annotations

from typing import Final

from attrs import frozen

from ninepic_async._records import Record
from ninepic_async.errors import DownloadError

_SHOWN: Final = 3


@frozen(kw_only=True)
class FailedDownload(Record):
    """One photo that could not be had.

    Attributes:
        id: the photo's ``image_id``, or what stands for it in a link's file name.
        name: the file name it would have got.
        error: why, without any signed link.
    """

    id: str
    name: str
    error: str


@frozen(kw_only=True)
class DownloadProgress(Record):
    """How far a bulk fetch is. What is *known* grows while the source is still being listed.

    Attributes:
        done: files fetched by this run.
        skipped: files that an earlier run had fetched whole.
        failed: files given up.
        known: files seen in the source so far.
        bytes_done: bytes received by this run.
        bytes_known: bytes announced by the host for the files begun so far.
        bytes_per_s: the current rate, over the last two seconds or so.
    """

    done: int = 0
    skipped: int = 0
    failed: int = 0
    known: int = 0
    bytes_done: int = 0
    bytes_known: int = 0
    bytes_per_s: float = 0.0


@frozen(kw_only=True)
class DownloadReport(Record):
    """What came of a bulk fetch.

    Attributes:
        done: how many files this run fetched.
        skipped: how many were there already, whole.
        failed: one row for each photo that is missing now; a later run tries them again.
        bytes: the size in bytes of the files in ``done``.
    """

    done: int = 0
    skipped: int = 0
    failed: tuple[FailedDownload, ...] = ()
    bytes: int = 0

    @property
    def complete(self) -> bool:
        """Whether every photo of the source is on disk now."""
        return not self.failed

    def raise_for_failures(self) -> None:
        """Do nothing if all is there.

        Raises:
            DownloadError: photos are missing; it says how many, and why the first ones are.
        """
        if not self.failed:
            return
        shown = "; ".join(f"{row.name}: {row.error}" for row in self.failed[:_SHOWN])
        more = "; …" if len(self.failed) > _SHOWN else ""
        total = self.done + self.skipped + len(self.failed)
        raise DownloadError(f"{len(self.failed)} of {total} files could not be fetched: {shown}{more}")
