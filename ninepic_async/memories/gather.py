"""Search for a participant's photos and clips in parallel, and merge the results."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Awaitable, Callable
from contextlib import aclosing
from typing import Final, Protocol

import anyio
from attrs import define, field, frozen

from ninepic_async._contract.endpoint import how_to_switch_on, segment
from ninepic_async._contract.selfie import SelfieSource
from ninepic_async._support import arguments as _arguments
from ninepic_async.clip_job import ClipJob
from ninepic_async.errors import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    CallError,
    ClipJobFailedError,
    ClipJobTimeoutError,
    DecodeError,
    FeatureDisabledError,
    InvalidInputError,
    NinePicError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
)
from ninepic_async.memories.merge import merged
from ninepic_async.memories.result import Memories, Part, PartName, PartState
from ninepic_async.models import Clip, EventDetails, ImageItem
from ninepic_async.pagination import FaceSearch, Pager

_HEAD_START_S: Final = 0.05
"""Each API call gets a deadline this much earlier than the whole search, so that its own error is raised.
That error has the request_id."""
_DETAILS_SHARE: Final = 1 / 3
"""The part of the deadline that reading the event's flags may use. The flags only save requests."""
_SWITCHES: Final[dict[PartName, tuple[str, ...]]] = {
    "bib": ("bib_search",),
    "selfie": ("selfie_search",),
    "clips": ("selfie_search", "video_search", "video_selfie_search"),
}
_MOST_IMPORTANT: Final = (
    AuthenticationError,
    PermissionDeniedError,
    InvalidInputError,
    NotFoundError,
    ClipJobFailedError,
    RateLimitError,
    APIStatusError,
    DecodeError,
)
_LEAST_IMPORTANT: Final = (APIConnectionError,)


class Operations(Protocol):
    """The operations of an event that this module uses."""

    @property
    def event_id(self) -> int: ...
    async def details(self) -> EventDetails: ...
    def bib_search(self, bib: str | int, /) -> Pager[ImageItem]: ...
    async def face_search(self, selfie: SelfieSource, /, *, request_id: str | None = None) -> FaceSearch: ...
    def face_results(self, request_id: str, /) -> Pager[ImageItem]: ...
    async def start_clips(self, *, search: str) -> ClipJob: ...


@frozen(kw_only=True)
class Wanted:
    """What to search for. At least one of ``bib``, ``selfie`` and ``search`` is set."""

    bib: str | int | None = None
    selfie: SelfieSource | None = field(default=None, repr=False)
    search: FaceSearch | str | None = None
    request_id: str | None = None
    clips: bool = False
    details: EventDetails | None = None

    def check(self) -> None:
        """Check the arguments, and that they can be used together.

        Raises:
            InvalidInputError: an argument is invalid, or can't be used with another one.
        """
        if self.selfie is not None and self.search is not None:
            raise InvalidInputError("give selfie= or search=, not both: an earlier search needs no upload")
        by_selfie = self.selfie is not None or self.search is not None
        if self.bib is None and not by_selfie:
            raise InvalidInputError(
                "give bib=, selfie= or search=; bib= can be combined with one of the others"
            )
        if self.clips and not by_selfie:
            raise InvalidInputError("clips=True needs selfie= or search=: clips are found by face")
        if self.request_id is not None and self.selfie is None:
            raise InvalidInputError(
                "request_id= goes with selfie=: pass the id of an earlier search as search="
            )
        if self.details is not None and not isinstance(self.details, EventDetails):
            raise InvalidInputError(
                f"details is {type(self.details).__name__}: give what event.details() returned"
            )
        if self.bib is not None:
            segment(_arguments.text(self.bib, "bib"), "bib")
        if isinstance(self.search, str):
            _arguments.text(self.search, "search")
        elif self.search is not None and not isinstance(self.search, FaceSearch):
            raise InvalidInputError(
                f"search is {type(self.search).__name__}: give what event.face_search() returned, or its "
                "request_id"
            )

    def names(self) -> list[PartName]:
        """Return the names of the requested parts."""
        by_selfie = self.selfie is not None or self.search is not None
        asked: dict[PartName, bool] = {"bib": self.bib is not None, "selfie": by_selfie, "clips": self.clips}
        return [name for name, is_asked in asked.items() if is_asked]


@define
class _Progress:
    """The progress of one part."""

    photos: list[ImageItem] = field(factory=list)
    clips: tuple[Clip, ...] = ()
    request_id: str | None = None
    error: NinePicError | None = None
    is_off: bool = False

    def part(self) -> Part:
        state: PartState = "off" if self.is_off else "done" if self.error is None else "failed"
        count = len(self.photos) + len(self.clips)
        return Part(state=state, error=self.error, request_id=self.request_id, count=count)


class _Gathering:
    """One search for a participant's photos and clips."""

    def __init__(self, event_within: Callable[[float], Operations], wanted: Wanted, seconds: float) -> None:
        self._event_within = event_within
        self._wanted = wanted
        self._seconds = seconds
        self._deadline = asyncio.get_running_loop().time() + seconds
        self._progress: dict[PartName, _Progress] = {name: _Progress() for name in wanted.names()}
        self._search = wanted.search
        """The selfie search, once it is known."""
        self._search_ended = asyncio.Event()
        """Set when the selfie search has succeeded or failed. The clips wait for this."""

    async def run(self) -> Memories:
        details = self._wanted.details or await self._details()
        asked = self._switched_on(details)
        steps: dict[PartName, Callable[[_Progress], Awaitable[None]]] = {
            "bib": self._by_bib,
            "selfie": self._by_selfie,
            "clips": self._clips,
        }
        try:
            async with anyio.create_task_group() as group:
                for name in asked:
                    group.start_soon(self._run_part, name, steps[name])
        except asyncio.CancelledError as error:
            # The blocking client reads this, as it does for single calls.
            vars(error)["call"] = {"endpoint": "memories", "request_id": self._request_id}
            raise
        self._share_search_result()
        return self._outcome()

    @property
    def _request_id(self) -> str | None:
        selfie = self._progress.get("selfie")
        return None if selfie is None else selfie.request_id

    async def _details(self) -> EventDetails | None:
        """Fetch the event's flags. Return None if that fails: each part then finds out if it is off."""
        try:
            async with asyncio.timeout(self._seconds * _DETAILS_SHARE):
                return await self._event().details()
        except (NinePicError, TimeoutError):
            return None

    def _switched_on(self, details: EventDetails | None) -> list[PartName]:
        for name, progress in self._progress.items():
            progress.is_off = details is not None and not all(
                getattr(details, flag) for flag in _SWITCHES[name]
            )
        return [name for name, progress in self._progress.items() if not progress.is_off]

    async def _run_part(self, name: PartName, step: Callable[[_Progress], Awaitable[None]]) -> None:
        progress = self._progress[name]
        try:
            if name == "selfie" and self._wanted.selfie is not None:
                # Outside the timeout below: the call itself ends before the deadline, and its error has the
                # request_id.
                await self._upload(progress)
            async with asyncio.timeout_at(self._deadline):
                await step(progress)
        except FeatureDisabledError:
            progress.is_off = True
        except TimeoutError:
            progress.error = self._timeout_error(name)
        except ClipJobTimeoutError:
            progress.error = self._timeout_error(name)
        except NinePicError as error:
            progress.error = error
        except asyncio.CancelledError as error:
            progress.request_id = getattr(error, "call", {}).get("request_id") or progress.request_id
            raise
        finally:
            if name == "selfie":
                self._search_ended.set()
        if isinstance(progress.error, CallError) and progress.request_id is None:
            progress.request_id = progress.error.request_id

    def _timeout_error(self, name: str) -> APITimeoutError:
        return APITimeoutError(
            f"{name} did not finish within {self._seconds:g} s: give a longer timeout", endpoint="memories"
        )

    async def _by_bib(self, progress: _Progress) -> None:
        bib = self._wanted.bib
        assert bib is not None  # noqa: S101 (this part was requested)
        await _collect(self._event().bib_search(bib), progress.photos)

    async def _upload(self, progress: _Progress) -> None:
        wanted = self._wanted
        assert wanted.selfie is not None  # noqa: S101 (checked by the caller)
        progress.request_id = wanted.request_id
        self._search = await self._event().face_search(wanted.selfie, request_id=wanted.request_id)

    async def _by_selfie(self, progress: _Progress) -> None:
        search = self._search
        if isinstance(search, FaceSearch):
            progress.request_id = search.request_id
            self._search_ended.set()
            await _collect(search, progress.photos)
        elif search is not None:
            progress.request_id = search
            async with aclosing(self._event().face_results(search).pages()) as pages:
                async for page in pages:
                    self._search_ended.set()
                    progress.photos += page.items

    async def _clips(self, progress: _Progress) -> None:
        await self._search_ended.wait()
        selfie = self._progress["selfie"]
        if selfie.is_off:
            progress.is_off = True
        elif selfie.error is not None and not selfie.photos:
            progress.error = selfie.error
        elif selfie.request_id is not None:
            job = await self._event().start_clips(search=selfie.request_id)
            async with aclosing(job.updates(timeout=self._left())) as updates:
                async for status in updates:
                    progress.clips = status.clips
                    if status.is_final:
                        status.result()

    def _share_search_result(self) -> None:
        """Set the selfie search's id on every part and error. Set its error on clips that waited for it."""
        selfie = self._progress.get("selfie")
        if selfie is None or selfie.is_off:
            return
        clips = self._progress.get("clips")
        if clips is not None and clips.error is not None and self._search is None:
            clips.error = selfie.error  # the clips waited for the search until the deadline
        for progress in self._progress.values():
            progress.request_id = selfie.request_id
            if isinstance(progress.error, CallError) and progress.error.request_id is None:
                progress.error.request_id = selfie.request_id

    def _event(self) -> Operations:
        return self._event_within(self._left())

    def _left(self) -> float:
        return max(self._deadline - asyncio.get_running_loop().time() - _HEAD_START_S, 0.001)

    def _outcome(self) -> Memories:
        photos = {name: progress.photos for name, progress in self._progress.items()}
        by_bib, by_selfie = photos.get("bib", []), photos.get("selfie", [])
        memories = Memories(
            photos=merged(by_bib, by_selfie),
            found_by=_found_by(bib=by_bib, selfie=by_selfie),
            clips=self._progress["clips"].clips if "clips" in self._progress else (),
            parts={name: progress.part() for name, progress in self._progress.items()},
            request_id=self._request_id,
        )
        _raise_if_nothing_found(memories)
        return memories


async def gather(event_within: Callable[[float], Operations], wanted: Wanted, seconds: float) -> Memories:
    """Gather a participant's photos and clips.

    Args:
        event_within: returns the event's operations, with a timeout of the given seconds for each call.
        wanted: what to search for.
        seconds: the deadline for everything.

    Raises:
        NinePicError: every requested part failed or is off, and nothing was found.
    """
    return await _Gathering(event_within, wanted, seconds).run()


async def _collect(photos: AsyncIterable[ImageItem], into: list[ImageItem]) -> None:
    async for photo in photos:
        into.append(photo)  # noqa: PERF401 (photos collected before an error are kept)


def _found_by(**photos: list[ImageItem]) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for way, items in photos.items():
        for photo in items:
            found[photo.image_id] = found.get(photo.image_id, frozenset()) | {way}
    return found


def _raise_if_nothing_found(memories: Memories) -> None:
    """Raise if every part failed or is off, and nothing was found."""
    parts = memories.parts
    if memories or any(part.state == "done" for part in parts.values()):
        return
    errors = {name: part.error for name, part in parts.items() if part.error is not None}
    if not errors:
        feature = next(_SWITCHES[name][0] for name in _SWITCHES if name in parts)
        raise FeatureDisabledError(
            f"every requested search is off for this event ({', '.join(parts)}); {how_to_switch_on(feature)}",
            endpoint="memories",
            feature=feature,
        )
    name, error = min(errors.items(), key=lambda item: _rank(item[1]))
    for other, other_error in errors.items():
        if other != name and other_error is not error:
            error.add_note(f"{other} failed too: {other_error}")
    raise error


def _rank(error: NinePicError) -> int:
    for rank, kind in enumerate(_MOST_IMPORTANT):
        if isinstance(error, kind):
            return rank
    return len(_MOST_IMPORTANT) + isinstance(error, _LEAST_IMPORTANT)
