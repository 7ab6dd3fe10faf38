"""The handle for one event, with one short method for each operation."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Never

from attrs import evolve

from ninepic_async._contract import endpoints
from ninepic_async._contract.selfie import SelfieSource
from ninepic_async._support import arguments as _arguments
from ninepic_async._support.defaults import WATCH_INTERVAL_S
from ninepic_async._support.secret import opaque
from ninepic_async.clip_job import DEFAULT_WAIT_S
from ninepic_async.errors import InvalidInputError
from ninepic_async.event.files import Files
from ninepic_async.event.motion import Motion
from ninepic_async.event.searches import Searches
from ninepic_async.models import EventDetails, Ping
from ninepic_async.pagination import FaceSearch

if TYPE_CHECKING:
    from ninepic_async.download.source import Rendition, Source
    from ninepic_async.memories.result import Memories
    from ninepic_async.watch.change import GalleryChange
    from ninepic_async.zip import OnFailure


class Event(Searches, Motion, Files):
    """One event: its photos, searches, clips and originals. `NinePic.event` returns it."""

    async def ping(self) -> Ping:
        """Check the key, host, organisation and event in one request. A good first call.

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

    async def memories(
        self,
        *positional: Never,
        bib: str | int | None = None,
        selfie: SelfieSource | None = None,
        search: FaceSearch | str | None = None,
        request_id: str | None = None,
        clips: bool = False,
        details: EventDetails | None = None,
        timeout: float | None = None,
    ) -> Memories:
        """Gather a participant's photos and clips in one call: by BIB, by selfie, or by both.

        Searches that are off for this event are left out. If one part fails, the others are returned: see
        ``.parts`` of the result. A selfie is uploaded, and charged, once.

        Args:
            positional: not accepted: name the argument.
            bib: the BIB number.
            selfie: a path, the picture's bytes, or a file opened with ``'rb'``; or…
            search: …an earlier `face_search`, or its ``request_id``: no upload and no charge.
            request_id: with ``selfie``: a UUID of your own for this search, as in `face_search`.
            clips: whether to search for Motion clips too. This needs ``selfie`` or ``search``.
            details: the event's details, if you have them. This saves a request.
            timeout: seconds for the whole call; None uses the client's timeout, or 600 with ``clips``. After
                this time, the call returns what it has found.

        Returns:
            The photos, each once; the parts that found each photo; and the clips.

        Raises:
            InvalidInputError: ``bib``, ``selfie`` and ``search`` are all missing, ``selfie`` and ``search``
                are given together, or another argument is invalid.
            FeatureDisabledError: every search that was requested is off for this event.
            NinePicError: every part failed. This is the most important error; its notes list the others.

        Example:
            >>> memories = await event.memories(bib="1234", selfie="selfie.jpg")
            >>> for photo in memories:
            ...     print(photo.image_id, sorted(memories.found_by[photo.image_id]))

        Reference: docs.9pic.ai, External API, BIB Search, Face Search and Video Clipping Search.
        """
        from ninepic_async.memories.gather import Wanted, gather

        selfie = opaque(selfie)
        _arguments.keywords_only(positional, "memories", "bib", "selfie", "search")
        wanted = Wanted(
            bib=bib, selfie=selfie, search=search, request_id=request_id, clips=clips, details=details
        )
        wanted.check()
        default = DEFAULT_WAIT_S if clips else self._engine.timeout_s
        seconds = default if timeout is None else _arguments.seconds(timeout, "timeout")
        return await gather(self._with_timeout, wanted, seconds)

    def _with_timeout(self, seconds: float) -> Event:
        """Return a handle for this event whose calls end within a number of seconds."""
        engine = evolve(self._engine, timeout_s=min(self._engine.timeout_s, seconds))
        return Event(engine, self._event_id)

    def watch(
        self, *, since: str | None = None, every: float = WATCH_INTERVAL_S
    ) -> AsyncGenerator[GalleryChange, None]:
        """Wait for new photos, and yield them, until you leave the loop.

        While there are no new photos, it sends one small request per interval. Each photo is yielded once.
        This is also true after a restart with a stored cursor if at most about 100 photos changed in the
        meantime, or if all new photos were added at the end. After more changes, some photos are yielded
        again. No photo is missed.

        Args:
            since: the ``.cursor`` of the last `GalleryChange` that you have processed. None starts with
                photos that are new from now on; ``"start"`` first yields the existing photos, a page at a
                time.
            every: seconds between two requests, any positive number. Throttling and outages make it longer.

        Raises:
            InvalidInputError: ``since`` is not a cursor of this event, or ``every`` is not positive.
            NinePicError: while iterating: a permanent error, such as a refused key.

        Example:
            >>> async for change in event.watch(since="start"):
            ...     print(change.total, [photo.image_id for photo in change.added])
            ...     break

        Reference: docs.9pic.ai, External API, All Photos and Photo Timeline.
        """
        from ninepic_async.watch.watcher import watch

        return watch(self, self._engine.clock, since, _arguments.seconds(every, "every"))

    def zip(
        self, source: Source, *, rendition: Rendition = "large", on_failure: OnFailure = "note"
    ) -> AsyncGenerator[bytes, None]:
        """Yield the bytes of a ZIP of photos or clips, for example for a web response.

        Files are stored uncompressed, under the names that `download` gives them. Each file is fetched
        completely before its entry starts, so no entry is cut short. At most 8 files are fetched ahead. The
        memory does not grow with the files' sizes; each name takes about 1 kB. Closing the generator cancels
        all requests.

        Args:
            source: the same sources as for `download`.
            rendition: for an `ImageItem`: ``"large"``, ``"thumbnail"`` or ``"original"``.
            on_failure: ``"note"`` lists files that can't be fetched in ``MISSING.txt``, at the end of the
                ZIP; ``"raise"`` raises an error, and the ZIP is incomplete.

        Raises:
            InvalidInputError: an argument is invalid.
            DownloadError: while iterating, with ``"raise"``: a file can't be fetched.
            NinePicError: while iterating: listing the source failed, or the key is refused.

        Example:
            >>> size = 0
            >>> async for chunk in event.zip(event.bib_search("1234")):
            ...     size += len(chunk)

        Reference: docs.9pic.ai, External API, Download Originals.
        """
        from ninepic_async.download.source import PhotoSource, check_rendition
        from ninepic_async.zip import zip_stream

        check_rendition(rendition)
        if on_failure not in ("note", "raise"):
            raise InvalidInputError(f"on_failure={on_failure!r}: give 'note' or 'raise'")
        photos = PhotoSource(source, rendition, self._sign)
        return zip_stream(self._engine, photos, photos.batches(), on_failure)
