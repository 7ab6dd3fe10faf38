"""Video clips of a person (Motion)."""

from __future__ import annotations

from functools import partial
from typing import overload

from ninepic_async._contract import endpoints
from ninepic_async._contract.selfie import SelfieSource
from ninepic_async._contract.selfie_upload import upload_options
from ninepic_async._core.selfie_reader import with_selfie
from ninepic_async._support import arguments as _arguments
from ninepic_async._support.secret import opaque
from ninepic_async.clip_job import DEFAULT_WAIT_S, ClipJob, interrupted
from ninepic_async.errors import APITimeoutError, ClipJobTimeoutError, ConfigError, InvalidInputError
from ninepic_async.event.handle import EventHandle
from ninepic_async.models import ClipResult
from ninepic_async.pagination import FaceSearch, request_id_of


class Motion(EventHandle):
    """The part of an event that finds video clips."""

    @overload
    async def start_clips(self, *, selfie: SelfieSource, request_id: str | None = None) -> ClipJob: ...

    @overload
    async def start_clips(self, *, search: FaceSearch | str) -> ClipJob: ...

    async def start_clips(
        self,
        *positional: object,
        selfie: SelfieSource | None = None,
        search: FaceSearch | str | None = None,
        request_id: str | None = None,
    ) -> ClipJob:
        """Start a Motion search for video clips of a person, without waiting for the result.

        Args:
            positional: not accepted: pass the argument by name.
            selfie: a path, the picture's bytes, or a file opened with ``'rb'``; or…
            search: …an earlier `face_search`, or its ``request_id``, which needs no upload.
            request_id: with ``selfie``: a UUID of your own for this search, as in `face_search`.

        Raises:
            InvalidInputError: not exactly one of ``selfie`` and ``search`` is given, or the selfie is empty,
                missing or unreadable.
            FeatureDisabledError: video search is off for this event.
            NinePicError: any other failure.

        Example:
            >>> job = await event.start_clips(search=search)
            >>> result = await job.wait(timeout=300)

        Reference: docs.9pic.ai, External API, Video Clipping Search.
        """
        selfie = opaque(selfie)
        _arguments.keywords_only(positional, "start_clips", "selfie", "search")
        return await self._start_clips(selfie, search, request_id, None)

    @overload
    async def clips(
        self, *, selfie: SelfieSource, request_id: str | None = None, timeout: float = DEFAULT_WAIT_S
    ) -> ClipResult: ...

    @overload
    async def clips(self, *, search: FaceSearch | str, timeout: float = DEFAULT_WAIT_S) -> ClipResult: ...

    async def clips(
        self,
        *positional: object,
        selfie: SelfieSource | None = None,
        search: FaceSearch | str | None = None,
        request_id: str | None = None,
        timeout: float = DEFAULT_WAIT_S,
    ) -> ClipResult:
        """Find video clips of a person (Motion) and wait for them.

        Args:
            positional: not accepted: pass the argument by name.
            selfie: a path, the picture's bytes, or a file opened with ``'rb'``; or…
            search: …an earlier `face_search`, or its ``request_id``, which needs no upload.
            request_id: with ``selfie``: a UUID of your own for this search, as in `face_search`.
            timeout: seconds for the search and the wait together.

        Returns:
            One clip for each matched source video. No clips if the person is in no video.

        Raises:
            InvalidInputError: not exactly one of ``selfie`` and ``search`` is given, or the selfie is empty,
                missing or unreadable.
            FeatureDisabledError: video search is off for this event.
            ClipJobFailedError: the job failed.
            ClipJobTimeoutError: the job was not done in time. ``event.clip_job(error.request_id)`` continues.
            NinePicError: any other failure.

        Example:
            >>> (await event.clips(selfie="selfie.jpg", timeout=300)).clips[0].url

        Reference: docs.9pic.ai, External API, Video Clipping Search.
        """
        selfie = opaque(selfie)
        _arguments.keywords_only(positional, "clips", "selfie", "search")
        limit_s = _arguments.seconds(timeout, "timeout")
        clock = self._engine.clock
        started = clock.monotonic()
        try:
            job = await self._start_clips(selfie, search, request_id, min(limit_s, self._engine.timeout_s))
        except APITimeoutError as error:
            if limit_s > self._engine.timeout_s:
                raise
            raise ClipJobTimeoutError(
                f"the Motion search was not accepted within {limit_s:g} s",
                endpoint=error.endpoint,
                attempts=error.attempts,
                request_id=error.request_id,
            ) from error
        try:
            return await job.wait(timeout=max(limit_s - (clock.monotonic() - started), 0.001))
        except ConfigError as error:  # closed before the first status: the caller does not know the id yet
            failure = interrupted(job.request_id, error)
        raise failure

    def clip_job(self, request_id: str) -> ClipJob:
        """Return a Motion job that was started earlier or in another process, without a request.

        Args:
            request_id: the job's id. The error that ended an earlier wait has it too.

        Raises:
            InvalidInputError: the id is empty.

        Example:
            >>> await event.clip_job(saved_request_id).wait(timeout=60)

        Reference: docs.9pic.ai, External API, Video Clipping Search.
        """
        return ClipJob(self._engine, self._event_id, _arguments.text(request_id, "request_id"))

    async def _start_clips(
        self,
        selfie: SelfieSource | None,
        search: FaceSearch | str | None,
        request_id: str | None,
        within_s: float | None,
    ) -> ClipJob:
        if request_id is not None and selfie is None:
            raise InvalidInputError(
                "request_id needs selfie; for an earlier search give search=: a FaceSearch or its id"
            )
        name, _ = _arguments.exactly_one({"selfie": selfie, "search": search})
        chosen = request_id_of(search) if name == "search" else request_id
        if chosen is not None:
            chosen = _arguments.text(chosen, name if name == "search" else "request_id")
        call = endpoints.StartClips(event_id=self._event_id, **upload_options(self._engine.scope, chosen))
        prepare = None if selfie is None else partial(with_selfie, selfie)
        started = await self._engine.run(call, timeout_s=within_s, prepare=prepare)
        return ClipJob(self._engine, self._event_id, started)
