"""Lists and searches of an event's photos: gallery, BIB, selfie, timeline."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from ninepic_async._contract import endpoints
from ninepic_async._contract.endpoint import segment
from ninepic_async._contract.selfie import SelfieSource
from ninepic_async._contract.selfie_upload import upload_options
from ninepic_async._core.selfie_reader import with_selfie
from ninepic_async._support import arguments as _arguments
from ninepic_async._support.secret import opaque
from ninepic_async.errors import InvalidInputError
from ninepic_async.event.handle import EventHandle
from ninepic_async.models import ImageItem, Page, TimelineDay
from ninepic_async.pagination import FaceSearch, Pager, attach


class Searches(EventHandle):
    """The part of an event that finds photos."""

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
            request_id: a UUID of your own for this search; None creates one. If you store it before the call,
                a crash before the result arrives causes no second charge. A service that accepts only its own
                ids raises `NotFoundError` or `BadRequestError`.
            page_size: photos per request; None requests the maximum (100).

        Returns:
            The search. Iterate over it for the photos, and store its ``request_id``.

        Raises:
            InvalidInputError: the selfie is empty, missing or unreadable. Nothing was sent.
            FeatureDisabledError: selfie search is off for this event.
            NinePicError: any other failure. Pass its ``request_id`` to `face_results` to get the result, if
                there is one.

        Example:
            >>> search = await event.face_search("selfie.jpg")
            >>> [photo.img_url async for photo in search]

        Reference: docs.9pic.ai, External API, Face Search.
        """
        selfie = opaque(selfie)
        chosen = None if request_id is None else _arguments.text(request_id, "request_id")
        call = endpoints.FaceSearch(
            event_id=self._event_id,
            page_size=_arguments.page_size(page_size),
            **upload_options(self._engine.scope, chosen),
        )
        faces = await self._engine.run(call, prepare=partial(with_selfie, selfie))
        search = FaceSearch(
            request_id=faces.request_id,
            images=faces.images,
            pagination=faces.pagination,
            confidence_percentage=faces.confidence_percentage,
            extra=faces.extra,
        )
        results = endpoints.FaceResults(
            event_id=self._event_id,
            request_id=faces.request_id,
            # The server may have clamped the POST's page size. All pages must have the same size.
            page_size=max(faces.pagination.page_size, 1),
        )
        first: Page[ImageItem] = Page(items=faces.images, pagination=faces.pagination)
        return attach(search, Pager(self._engine.run, results, first))

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
