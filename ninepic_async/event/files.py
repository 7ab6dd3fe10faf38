"""Links to original photos, and downloads."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ninepic_async._contract import endpoints
from ninepic_async._support import arguments as _arguments
from ninepic_async._support.defaults import DOWNLOAD_CONCURRENCY, MAX_FILE_BYTES
from ninepic_async.event.handle import EventHandle
from ninepic_async.models import PresignedUrlItem
from ninepic_async.pagination import FaceSearch, Pager
from ninepic_async.signing import Signed, sign_ids

if TYPE_CHECKING:
    from ninepic_async.download.report import DownloadReport
    from ninepic_async.download.settings import Concurrency, OnProgress
    from ninepic_async.download.source import Rendition, Source


class Files(EventHandle):
    """The part of an event that signs and fetches files."""

    def originals(
        self,
        *,
        bib: str | int | None = None,
        selfie: str | FaceSearch | None = None,
        image_id: str | None = None,
        image_ids: Iterable[str] | None = None,
        page_size: int | None = None,
    ) -> Pager[PresignedUrlItem]:
        """List signed links to original photos. A link expires after about an hour.

        Photos without a link are in the pages' ``.failed``, and iterating logs a warning.

        Args:
            bib: a participant's BIB number, or…
            selfie: …a `face_search`, or its ``request_id``, or…
            image_id: …one photo's id, or…
            image_ids: …several photos' ids.
            page_size: links per request; None requests the maximum (60).

        Raises:
            InvalidInputError: not exactly one of the four, or an empty one.
            BadRequestError: while iterating: no photo has such an id.
            NinePicError: while iterating.

        Example:
            >>> async for link in event.originals(bib="1234"):
            ...     print(link.filename)

        Reference: docs.9pic.ai, External API, Download Originals.
        """
        request_id = selfie.request_id if isinstance(selfie, FaceSearch) else selfie
        ids = None if image_ids is None else _arguments.image_ids(image_ids)
        given = {"bib": bib, "selfie": request_id, "image_id": image_id, "image_ids": ids}
        method, identifier = _arguments.exactly_one(given)
        call = endpoints.Originals(
            event_id=self._event_id,
            method=method,
            identifier=identifier if isinstance(identifier, tuple) else _arguments.text(identifier, method),
            page_size=_arguments.page_size(page_size),
        )
        return Pager(self._engine.run, call)

    async def download(
        self,
        source: Source,
        to: str | os.PathLike[str],
        *,
        concurrency: Concurrency = DOWNLOAD_CONCURRENCY,
        rendition: Rendition = "large",
        on_progress: OnProgress | None = None,
        max_bytes: int = MAX_FILE_BYTES,
    ) -> DownloadReport:
        """Download photos, originals or clips into a folder. Run it again to resume after an interruption.

        A file under its final name is always complete. Finished files are only size-checked, large files
        resume where they stopped, and expired links are signed again. Photo hosts never get the API key.

        Args:
            source: the result of a list call, or any iterable of `ImageItem`, `PresignedUrlItem` or `Clip`.
                It is read only as fast as files are fetched.
            to: the folder, created if missing.
            concurrency: how many files to fetch at once; ``"auto"`` adjusts it to the connection.
            rendition: for an `ImageItem`: ``"large"`` or ``"thumbnail"``.
            on_progress: called with a `DownloadProgress` after changes, at most ten times a second.
            max_bytes: skip larger files.

        Returns:
            The report. A photo that could not be fetched is a row in ``.failed``, not an exception.

        Raises:
            InvalidInputError: an argument is invalid.
            DownloadError: the disk is full, the folder is missing or not writable, another run uses it, or
                one of the download's tasks was cancelled. No file is incomplete; run again to resume.
            NinePicError: listing the source failed. Its earlier items have been fetched.

        Example:
            >>> report = await event.download(event.originals(bib="1234"), "photos/")
            >>> report.raise_for_failures()

        Reference: docs.9pic.ai, External API, Download Originals.
        """
        from ninepic_async.download.run import download
        from ninepic_async.download.settings import Settings

        settings = Settings(concurrency=concurrency, max_bytes=max_bytes, on_progress=on_progress)
        return await download(self._engine, self._sign, source, to, rendition, settings)

    async def _sign(self, ids: Sequence[str]) -> Signed:
        call = endpoints.Originals(event_id=self._event_id, method="image_ids", identifier=())
        return await sign_ids(self._engine.run, call, ids)
