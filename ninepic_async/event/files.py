"""Links to original photos, and downloads."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Sequence
from typing import TYPE_CHECKING, overload

from ninepic_async._contract import endpoints
from ninepic_async._support import arguments as _arguments
from ninepic_async._support.defaults import DOWNLOAD_CONCURRENCY, MAX_FILE_BYTES, MAX_READ_BYTES
from ninepic_async.errors import InvalidInputError
from ninepic_async.event.handle import EventHandle
from ninepic_async.models import ImageItem, PresignedUrlItem
from ninepic_async.pagination import FaceSearch, Pager, request_id_of

if TYPE_CHECKING:
    from ninepic_async.download.report import DownloadReport
    from ninepic_async.download.settings import Concurrency, OnProgress
    from ninepic_async.download.source import Item, Rendition, Source
    from ninepic_async.signing import Signed


class Files(EventHandle):
    """The part of an event that signs and fetches files."""

    @overload
    def originals(self, *, bib: str | int, page_size: int | None = None) -> Pager[PresignedUrlItem]: ...

    @overload
    def originals(
        self, *, search: FaceSearch | str, page_size: int | None = None
    ) -> Pager[PresignedUrlItem]: ...

    @overload
    def originals(self, *, image_id: str, page_size: int | None = None) -> Pager[PresignedUrlItem]: ...

    @overload
    def originals(
        self, *, image_ids: Iterable[str] | AsyncIterable[str], page_size: int | None = None
    ) -> Pager[PresignedUrlItem]: ...

    @overload
    def originals(
        self, *, photos: Iterable[ImageItem] | AsyncIterable[ImageItem], page_size: int | None = None
    ) -> Pager[PresignedUrlItem]: ...

    def originals(
        self,
        *positional: object,
        bib: str | int | None = None,
        search: FaceSearch | str | None = None,
        image_id: str | None = None,
        image_ids: Iterable[str] | AsyncIterable[str] | None = None,
        photos: Iterable[ImageItem] | AsyncIterable[ImageItem] | None = None,
        page_size: int | None = None,
        selfie: object = None,
    ) -> Pager[PresignedUrlItem]:
        """List signed links to original photos. A link expires after about an hour.

        Photos without a link are in the ``.failed`` of their page, and iterating logs a warning.
        ``image_ids`` and ``photos`` are read while you iterate, 60 for each request.

        Args:
            positional: not accepted: pass the argument by name.
            bib: a participant's BIB number, or…
            search: …a `face_search`, or its ``request_id``, or…
            image_id: …one photo's id, or…
            image_ids: …several photos' ids, or…
            photos: …photos, such as the result of a list call.
            page_size: links per request; None requests the maximum (60).
            selfie: not accepted: call `face_search` first, and pass its result as ``search``.

        Raises:
            InvalidInputError: not exactly one of these five is given, or it is empty.
            BadRequestError: while iterating: no photo has the ``image_id``.
            NinePicError: while iterating.

        Example:
            >>> async for link in event.originals(bib="1234"):
            ...     print(link.filename)

        Reference: docs.9pic.ai, External API, Download Originals.
        """
        _arguments.keywords_only(positional, "originals", "bib", "search", "image_ids", "photos")
        if selfie is not None:
            raise InvalidInputError(
                "originals takes no selfie: call face_search first, and pass its result as search="
            )
        given: dict[str, object] = {"bib": bib, "search": request_id_of(search), "image_id": image_id}
        name, value = _arguments.exactly_one({**given, "image_ids": image_ids, "photos": photos})
        size = _arguments.page_size(page_size)
        if name in ("image_ids", "photos"):
            from ninepic_async.signing import OriginalsByIds

            items = _arguments.items(value, name)
            call = self._originals("image_ids", (), size)
            return OriginalsByIds(self._engine.run, call, call=call, photos=items, name=name)
        call = self._originals("selfie" if name == "search" else name, _arguments.text(value, name), size)
        return Pager(self._engine.run, call)

    def _originals(
        self, method: str, identifier: str | tuple[str, ...], page_size: int | None = None
    ) -> endpoints.Originals:
        return endpoints.Originals(
            event_id=self._event_id, method=method, identifier=identifier, page_size=page_size
        )

    async def download(
        self,
        source: Source,
        to: str | os.PathLike[str],
        *,
        concurrency: Concurrency = DOWNLOAD_CONCURRENCY,
        rendition: Rendition = "large",
        on_progress: OnProgress | None = None,
        max_bytes: int = MAX_FILE_BYTES,
        skip_deleted: bool = False,
    ) -> DownloadReport:
        """Download photos, originals or clips into a folder. Run it again to resume after an interruption.

        A file under its final name is always complete. Finished files are only size-checked, large files
        resume where they stopped, and expired links are signed again. Photo hosts never get the API key.
        If the source is a list of the service, one or two small requests fetch the event's name and the hours
        of the photos, for a gallery of the folder.

        Args:
            source: the result of a list call, or any iterable of `ImageItem`, `PresignedUrlItem` or `Clip`.
                It is read only as fast as files are fetched.
            to: the folder. It is created if it is missing.
            concurrency: how many files to fetch at the same time; ``"auto"`` adjusts it to the connection.
            rendition: for an `ImageItem`: ``"large"``, ``"thumbnail"`` or ``"original"``. Links to originals
                are signed just before they are used, 60 for each request.
            on_progress: called with a `DownloadProgress` after changes, at most ten times a second.
            max_bytes: the largest size of a file, in bytes. Larger files are not fetched; they are in
                ``.failed``.
            skip_deleted: whether to skip files that were deleted from the folder since an earlier download.

        Returns:
            The report. A photo that could not be fetched is a row in ``.failed``, not an exception.

        Raises:
            InvalidInputError: an argument is invalid.
            DownloadError: the disk is full, the folder is missing or not writable, another run uses it, or
                one of the download's tasks was cancelled. Stored files are complete; run again to resume.
            NinePicError: listing the source failed. The items before the error have been fetched.

        Example:
            >>> report = await event.download(event.originals(bib="1234"), "photos/")
            >>> report.raise_for_failures()

        Reference: docs.9pic.ai, External API, Download Originals.
        """
        from ninepic_async.download.run import download
        from ninepic_async.download.settings import Settings

        settings = Settings(
            concurrency=concurrency,
            max_bytes=max_bytes,
            on_progress=on_progress,
            skip_deleted=skip_deleted,
        )
        return await download(self._engine, self._sign, source, to, rendition, settings)

    async def read(
        self, item: Item, *, rendition: Rendition = "large", max_bytes: int = MAX_READ_BYTES
    ) -> bytes:
        """Fetch one photo, original or clip, and return its bytes.

        Retries, checks and renewed links work as in `download`, so the bytes are always complete.

        Args:
            item: an `ImageItem`, `PresignedUrlItem` or `Clip`.
            rendition: for an `ImageItem`: ``"large"``, ``"thumbnail"`` or ``"original"``.
            max_bytes: the largest size of the file, in bytes.

        Raises:
            InvalidInputError: an argument is invalid.
            DownloadError: the file can't be fetched, or is larger than ``max_bytes``.
            NinePicError: a link to the original can't be signed.

        Example:
            >>> photo = (await event.bib_search("1234").collect(limit=1))[0]
            >>> data = await event.read(photo, rendition="thumbnail")

        Reference: docs.9pic.ai, External API, Download Originals.
        """
        from ninepic_async.download.single import read

        return await read(self._engine, self._sign, item, rendition, max_bytes)

    def stream(
        self, item: Item, *, rendition: Rendition = "large", max_bytes: int = MAX_FILE_BYTES
    ) -> AsyncGenerator[bytes, None]:
        """Fetch one photo, original or clip, and yield its bytes in chunks, for example for a web response.

        Retries, checks and renewed links work as in `download`. The first chunk is yielded when the whole
        file has been fetched and checked, so the chunks are never cut short. A large file is kept in a
        temporary file until then.

        Args:
            item: an `ImageItem`, `PresignedUrlItem` or `Clip`.
            rendition: for an `ImageItem`: ``"large"``, ``"thumbnail"`` or ``"original"``.
            max_bytes: the largest size of the file, in bytes.

        Raises:
            InvalidInputError: an argument is invalid.
            DownloadError: while iterating: the file can't be fetched, or is larger than ``max_bytes``.
            NinePicError: while iterating: a link to the original can't be signed.

        Example:
            >>> photo = (await event.bib_search("1234").collect(limit=1))[0]
            >>> async for chunk in event.stream(photo):
            ...     print(len(chunk))

        Reference: docs.9pic.ai, External API, Download Originals.
        """
        from ninepic_async.download.settings import check_max_bytes
        from ninepic_async.download.single import stream
        from ninepic_async.download.source import check_rendition

        check_rendition(rendition)
        return stream(self._engine, self._sign, item, rendition, check_max_bytes(max_bytes))

    async def _sign(self, ids: Sequence[str]) -> Signed:
        from ninepic_async.signing import sign_ids

        return await sign_ids(self._engine.run, self._originals("image_ids", ()), ids)
