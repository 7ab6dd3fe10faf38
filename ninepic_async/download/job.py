"""One file to fetch."""

from __future__ import annotations

from attrs import frozen

from ninepic_async.download.journal import Listed, Row
from ninepic_async.download.links import Link


@frozen
class FetchJob:
    """One file to fetch.

    Attributes:
        key: identifies the photo in the journal.
        id: the photo's id.
        name: the file's name.
        link: the file's link.
        previous: the last row of an earlier run in the journal.
        listed: the photo's position in a list of the service.
    """

    key: str
    id: str
    name: str
    link: Link
    previous: Row | None = None
    listed: Listed | None = None

    @property
    def replaces(self) -> bool:
        """Whether an earlier run has stored the file, so that this run may replace it."""
        return self.previous is not None and (self.previous.state == "done" or self.previous.replaces)
