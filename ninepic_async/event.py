"""The handle for one event, with one short method for each operation."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from ninepic_async._contract import endpoints
from ninepic_async._contract.endpoint import segment
from ninepic_async._contract.selfie import SelfieSource, read_selfie
from ninepic_async._core.engine import Engine
from ninepic_async._support import arguments as _arguments
from ninepic_async._support.defaults import DOWNLOAD_CONCURRENCY, MAX_FILE_BYTES
from ninepic_async.clip_job import DEFAULT_WAIT_S, ClipJob
from ninepic_async.errors import APITimeoutError, ClipJobTimeoutError, InvalidInputError
from ninepic_async.models import (
    ClipResult,
    EventDetails,
    ImageItem,
    Page,
    Ping,
    PresignedUrlItem,
    TimelineDay,
)
from ninepic_async.pagination import FaceSearch, Pager

if TYPE_CHECKING:
    from ninepic_async.download.report import DownloadReport
    from ninepic_async.download.run import Concurrency, OnProgress
    from ninepic_async.download.source import Rendition, Source


class Event:
    """One event: its photos, searches, clips and originals. `NinePic.event` returns it."""

    def __init__(self, engine: Engine, event_id: int) -> None:
        self._engine = engine
        self._event_id = event_id

    def __repr__(self) -> str:
        return f"Event(event_id={self._event_id})"

    @property
    def event_id(self) -> int:
        """The event's number."""
        return self._event_id

    async def ping(self) -> Ping:
        """Check the key, host, organisation and event in one request. The safest first call.

        Raises:
            AuthenticationError: the key is missing.
            PermissionDeniedError: the key, host, organisation or event is refused.
            NinePicError: any other failure.

        Example:
            >>> (await event.ping()).status
            'ok'

        Reference: docs.9pic.ai, External API, Ping.
        """
        return await self._engine.run(endpoints.Ping(event_id=self._event_id))

    async def details(self) -> EventDetails:
        """Fetch the event's name, date and feature flags.

        Raises:
            NinePicError: any failure.

        Example:
            >>> (await event.details()).bib_search
            True

        Reference: docs.9pic.ai, External API, Event Details.
        """
        return await self._engine.run(endpoints.Details(event_id=self._event_id))

    def photos(self, *, page_size: int | None = None) -> Pager[ImageItem]:
        """List all photos by capture time. Photos without a time come last.

        Args:
            page_size: photos per request; None requests the maximum (100).

        Raises:
            NinePicError: while iterating.

        Example:
            >>> async for photo in event.photos():
            ...     print(photo.thumbnail_url)

        Reference: docs.9pic.ai, External API, All Photos.
        """
        return Pager(
            self._engine.run,
            endpoints.Photos(event_id=self._event_id, page_size=_arguments.page_size(page_size)),
        )

    def bib_search(self, bib: str | int, *, page_size: int | None = None) -> Pager[ImageItem]:
        """Find a participant's photos by BIB number (BibTrack). The list is empty if nothing matches.

        Args:
            bib: the BIB as printed, in upper or lower case. Any characters are allowed: ``A/12``, ``१२३``.
            page_size: photos per request; None requests the maximum (100).

        Raises:
            InvalidInputError: the BIB is empty or not valid text.
            FeatureDisabledError: while iterating: BIB search is off for this event.
            NinePicError: while iterating.

        Example:
            >>> await event.bib_search("1234").collect(limit=10)

        Reference: docs.9pic.ai, External API, BIB Search.
        """
        call = endpoints.BibSearch(
            event_id=self._event_id,
            bib=_arguments.text(bib, "bib"),
            page_size=_arguments.page_size(page_size),
        )
        segment(call.bib, "bib")
        return Pager(self._engine.run, call)

    async def face_search(
        self, selfie: SelfieSource, *, request_id: str | None = None, page_size: int | None = None
    ) -> FaceSearch:
        """Find a person's photos by selfie (FaceFind). Retries never cause a second upload or charge.

        Args:
            selfie: a path, the picture's bytes, or a file opened with ``'rb'``.
            request_id: a UUID of your own for this search. Store it first, and a crash before the result
                arrives costs no second charge. None creates one. A service that accepts only ids of its
                own answers `NotFoundError` or `BadRequestError`.
            page_size: photos per request; None requests the maximum (100).

        Returns:
            The search. Iterate over it for the photos, and store its ``request_id``.

        Raises:
            InvalidInputError: the selfie is empty, missing or unreadable. Nothing was sent.
            FeatureDisabledError: selfie search is off for this event.
            NinePicError: any other failure. Its ``request_id`` gives access to the result, if there is one.

        Example:
            >>> search = await event.face_search("selfie.jpg")
            >>> [photo.img_url async for photo in search]

        Reference: docs.9pic.ai, External API, Face Search.
        """
        size = _arguments.page_size(page_size)
        call = endpoints.FaceSearch(
            event_id=self._event_id,
            selfie=await read_selfie(selfie),
            selfie_field=self._engine.scope.selfie_field,
            request_id=str(uuid.uuid4()) if request_id is None else _arguments.text(request_id, "request_id"),
            request_id_is_ours=request_id is None,
            page_size=size,
        )
        faces = await self._engine.run(call)
        return FaceSearch(
            request_id=faces.request_id,
            images=faces.images,
            pagination=faces.pagination,
            confidence_percentage=faces.confidence_percentage,
            extra=faces.extra,
            pager=Pager(
                self._engine.run,
                endpoints.FaceResults(
                    event_id=self._event_id,
                    request_id=faces.request_id,
                    # The server may have clamped the POST's page. The page borders must stay the same.
                    page_size=max(faces.pagination.page_size, 1),
                ),
                Page(items=faces.images, pagination=faces.pagination),
            ),
        )

    def face_results(self, request_id: str, *, page_size: int | None = None) -> Pager[ImageItem]:
        """List the photos of an earlier selfie search, without an upload or a charge.

        Args:
            request_id: the id of a `face_search` in this or another process.
            page_size: photos per request; None requests the maximum (100).

        Raises:
            NotFoundError: while iterating: the service does not know this ``request_id``.
            NinePicError: while iterating.

        Example:
            >>> await event.face_results(search.request_id).first_page()

        Reference: docs.9pic.ai, External API, Face Search.
        """
        call = endpoints.FaceResults(
            event_id=self._event_id,
            request_id=_arguments.text(request_id, "request_id"),
            page_size=_arguments.page_size(page_size),
        )
        return Pager(self._engine.run, call)

    async def timeline_days(self) -> list[TimelineDay]:
        """Count the photos per day and hour, in UTC, ascending. Photos without a time are not counted.

        Raises:
            FeatureDisabledError: the timeline is off for this event.
            NinePicError: any other failure.

        Example:
            >>> {day.date: day.total for day in await event.timeline_days()}

        Reference: docs.9pic.ai, External API, Photo Timeline.
        """
        return await self._engine.run(endpoints.TimelineDays(event_id=self._event_id))

    def timeline_photos(
        self, start: datetime, end: datetime, *, page_size: int | None = None
    ) -> Pager[ImageItem]:
        """List the photos taken from ``start`` (included) to ``end`` (excluded).

        Args:
            start: a datetime with a time zone.
            end: a datetime with a time zone, after ``start``.
            page_size: photos per request; None requests the maximum (100).

        Raises:
            InvalidInputError: a time has no zone, or ``end`` is not after ``start``.
            FeatureDisabledError: while iterating: the timeline is off for this event.
            NinePicError: while iterating.

        Example:
            >>> from datetime import UTC, datetime, timedelta
            >>> morning = datetime(2026, 1, 19, 6, tzinfo=UTC)
            >>> photos = await event.timeline_photos(morning, morning + timedelta(hours=1)).collect()

        Reference: docs.9pic.ai, External API, Photo Timeline.
        """
        start_s, end_s = _arguments.unix_seconds(start, "start"), _arguments.unix_seconds(end, "end")
        if end <= start:
            raise InvalidInputError(f"end ({end}) must be after start ({start})")
        call = endpoints.TimelinePhotos(
            event_id=self._event_id,
            start_s=start_s,
            end_s=end_s,
            page_size=_arguments.page_size(page_size),
        )
        return Pager(self._engine.run, call)

    async def start_clips(
        self, *, selfie: SelfieSource | None = None, request_id: str | None = None
    ) -> ClipJob:
        """Start a Motion search for video clips of a person, without waiting for the result.

        Args:
            selfie: a path, the picture's bytes, or a file opened with ``'rb'``; or…
            request_id: …the id of an earlier `face_search`, which needs no upload.

        Raises:
            InvalidInputError: not exactly one of the two, or the selfie is empty, missing or unreadable.
            FeatureDisabledError: video search is off for this event.
            NinePicError: any other failure.

        Example:
            >>> job = await event.start_clips(request_id=search.request_id)
            >>> result = await job.wait(timeout=300)

        Reference: docs.9pic.ai, External API, Video Clipping Search.
        """
        return await self._start_clips(selfie, request_id, None)

    async def clips(
        self,
        *,
        selfie: SelfieSource | None = None,
        request_id: str | None = None,
        timeout: float = DEFAULT_WAIT_S,
    ) -> ClipResult:
        """Find video clips of a person (Motion) and wait for them.

        Args:
            selfie: a path, the picture's bytes, or a file opened with ``'rb'``; or…
            request_id: …the id of an earlier `face_search`, which needs no upload.
            timeout: seconds for the search and the wait together.

        Returns:
            One clip for each matched source video. No clips if the person is in no video.

        Raises:
            InvalidInputError: not exactly one of the two, or the selfie is empty, missing or unreadable.
            FeatureDisabledError: video search is off for this event.
            ClipJobFailedError: the job failed.
            ClipJobTimeoutError: the job was not done in time. ``event.clip_job(error.request_id)`` continues.
            NinePicError: any other failure.

        Example:
            >>> (await event.clips(selfie="selfie.jpg", timeout=300)).clips[0].url

        Reference: docs.9pic.ai, External API, Video Clipping Search.
        """
        bound = _arguments.seconds(timeout, "timeout")
        clock = self._engine.clock
        started = clock.monotonic()
        try:
            job = await self._start_clips(selfie, request_id, min(bound, self._engine.timeout_s))
        except APITimeoutError as error:
            if bound > self._engine.timeout_s:
                raise
            raise ClipJobTimeoutError(
                f"the Motion search was not accepted within {bound:g} s",
                endpoint=error.endpoint,
                attempts=error.attempts,
                request_id=error.request_id,
            ) from error
        return await job.wait(timeout=max(bound - (clock.monotonic() - started), 0.001))

    def clip_job(self, request_id: str) -> ClipJob:
        """Return a Motion job that was started earlier or in another process. Nothing is sent.

        Args:
            request_id: the job's id, also found on the error that ended the wait.

        Raises:
            InvalidInputError: the id is empty.

        Example:
            >>> await event.clip_job(saved_request_id).wait(timeout=60)

        Reference: docs.9pic.ai, External API, Video Clipping Search.
        """
        return ClipJob(self._engine, self._event_id, _arguments.text(request_id, "request_id"))

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
        from ninepic_async.download.entry import download
        from ninepic_async.download.run import Settings

        settings = Settings(concurrency=concurrency, max_bytes=max_bytes, on_progress=on_progress)
        return await download(self._engine, self._sign, source, to, rendition, settings)

    async def _sign(self, ids: Sequence[str]) -> Sequence[PresignedUrlItem]:
        return (await self.originals(image_ids=ids).first_page()).items

    async def _start_clips(
        self, selfie: SelfieSource | None, request_id: str | None, within_s: float | None
    ) -> ClipJob:
        _arguments.exactly_one({"selfie": selfie, "request_id": request_id})
        call = endpoints.StartClips(
            event_id=self._event_id,
            selfie=None if selfie is None else await read_selfie(selfie),
            selfie_field=self._engine.scope.selfie_field,
            request_id=str(uuid.uuid4()) if request_id is None else _arguments.text(request_id, "request_id"),
            request_id_is_ours=request_id is None,
        )
        return ClipJob(self._engine, self._event_id, await self._engine.run(call, timeout_s=within_s))
