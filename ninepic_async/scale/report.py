"""The result of a download on workers, built from the manifests."""

from __future__ import annotations

from attrs import field, frozen

from ninepic_async._records import Record
from ninepic_async.download.report import FailedDownload
from ninepic_async.errors import DownloadError


@frozen(kw_only=True)
class FailedShard(Record):
    """A shard that no worker could finish in this run. The next run tries it again.

    Attributes:
        shard: the shard's number.
        error: why the shard failed.
    """

    shard: int
    error: str


@frozen(kw_only=True)
class ScaleReport(Record):
    """The result of a download. Run the download again to retry what failed.

    Attributes:
        done: photos that this run stored.
        skipped: photos that earlier runs had stored.
        failed: one row for each photo that could not be fetched.
        bytes: the total size of the photos that ``done`` counts, in bytes.
        shards: the number of shards in the plan.
        failed_shards: the shards that no worker could finish.
    """

    done: int = 0
    skipped: int = 0
    failed: tuple[FailedDownload, ...] = ()
    bytes: int = 0
    shards: int = 0
    failed_shards: tuple[FailedShard, ...] = field(default=())

    def raise_for_failures(self) -> None:
        """Raise if a photo or a shard is missing.

        Raises:
            DownloadError: photos or shards are missing. The message has their numbers and some names.
        """
        if not self.failed and not self.failed_shards:
            return
        some = [f"{row.name}: {row.error}" for row in self.failed[:3]]
        some += [f"shard {each.shard}: {each.error}" for each in self.failed_shards[:3]]
        raise DownloadError(
            f"{len(self.failed):,} photos and {len(self.failed_shards):,} shards are missing, such as "
            + "; ".join(some)
        )
