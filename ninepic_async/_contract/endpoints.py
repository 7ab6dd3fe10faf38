"""Every endpoint of the 9Pic external API, one frozen class each. No I/O.

Each class has the name of the client's method.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, ClassVar, Final, TypeVar

from attrs import evolve, field, frozen

from ninepic_async import guesses, models
from ninepic_async._contract.body import contract_error, payload
from ninepic_async._contract.decode import decode, decode_at
from ninepic_async._contract.endpoint import Endpoint, Listing, segment
from ninepic_async._contract.messages import Reply, Request, Scope, retry_after_s
from ninepic_async._contract.paging import WirePagination, page_of, pagination_of
from ninepic_async._contract.selfie_upload import SelfieUpload
from ninepic_async._contract.signed_links import unsigned
from ninepic_async._contract.wire_names import required_keys
from ninepic_async.models import ImageItem, Page, PaginationInfo

T = TypeVar("T")

_LONGEST_ID: Final = 200
"""The largest number of characters in a ``request_id``. A UUID has 36."""


@frozen(kw_only=True)
class Ping(Endpoint[models.Ping]):
    """``GET /event/{event_id}/ping``."""

    name = "ping"

    def request(self, scope: Scope) -> Request:
        return Request(method="GET", path=self.path(scope, "ping"))

    def decode(self, reply: Reply) -> models.Ping:
        return decode(reply, self.name, models.Ping)


@frozen
class _Events:
    events: tuple[models.EventListItem, ...]
    pagination: WirePagination
    extra: models.Extra = field(factory=dict)


@frozen(kw_only=True)
class Events(Listing[models.EventListItem]):
    """``GET /events``."""

    name = "events"

    def request(self, scope: Scope) -> Request:
        return Request(method="GET", path=self.path(scope, "events"), query=self.query)

    def decode(self, reply: Reply) -> Page[models.EventListItem]:
        found = decode(reply, self.name, _Events)
        return page_of(found.events, found.pagination, self.page, self.size, found.extra, len(reply.body))

    @staticmethod
    def key(item: models.EventListItem) -> Hashable:
        return item.event_id


@frozen(kw_only=True)
class Details(Endpoint[models.EventDetails]):
    """``GET /event/{event_id}/details``."""

    name = "details"

    def request(self, scope: Scope) -> Request:
        return Request(method="GET", path=self.path(scope, "details"))

    def decode(self, reply: Reply) -> models.EventDetails:
        return decode(reply, self.name, models.EventDetails)


class _BehindFlags:
    """Calls that the service answers with 403 if a feature flag of the event is off."""

    __slots__ = ()
    event_id: int | None

    def flags_endpoint(self) -> Details:
        return Details(event_id=self.event_id)


@frozen
class _Images:
    images: tuple[ImageItem, ...]
    pagination: WirePagination
    extra: models.Extra = field(factory=dict)


@frozen(kw_only=True)
class _ImageListing(Listing[ImageItem]):
    def decode(self, reply: Reply) -> Page[ImageItem]:
        found = decode(reply, self.name, _Images)
        return page_of(found.images, found.pagination, self.page, self.size, found.extra, len(reply.body))

    @staticmethod
    def key(item: ImageItem) -> Hashable:
        return item.image_id


@frozen(kw_only=True)
class Photos(_ImageListing):
    """``GET /event/{event_id}/images``."""

    name = "photos"

    def request(self, scope: Scope) -> Request:
        return Request(method="GET", path=self.path(scope, "images"), query=self.query)


@frozen(kw_only=True)
class BibSearch(_BehindFlags, _ImageListing):
    """``GET /event/{event_id}/bibs/{bib}``."""

    name = "bib_search"
    needs: ClassVar[tuple[str, ...]] = ("bib_search",)

    bib: str

    def request(self, scope: Scope) -> Request:
        path = self.path(scope, "bibs", segment(self.bib, "bib"))
        return Request(method="GET", path=path, query=self.query)


@frozen(kw_only=True)
class FaceResults(_BehindFlags, _ImageListing):
    """``GET /event/{event_id}/faces/{request_id}``."""

    name = "face_results"
    needs: ClassVar[tuple[str, ...]] = ("selfie_search",)
    page_size_max = guesses.FACES_PAGE_SIZE_MAX

    def request(self, scope: Scope) -> Request:
        path = self.path(scope, "faces", segment(self.request_id or "", "request_id"))
        return Request(method="GET", path=path, query=self.query)

    def decode(self, reply: Reply) -> Page[ImageItem]:
        page = super().decode(reply)
        _check_request_id(reply, self, "$.data", page.extra.get("request_id"))
        return page


@frozen(kw_only=True)
class TimelinePhotos(_BehindFlags, _ImageListing):
    """``GET /event/{event_id}/timeline/images``, with a half-open range of Unix seconds."""

    name = "timeline_photos"
    needs: ClassVar[tuple[str, ...]] = ("timeline_search",)
    page_size_max = guesses.TIMELINE_PAGE_SIZE_MAX

    start_s: int
    end_s: int

    def request(self, scope: Scope) -> Request:
        query = {"from": str(self.start_s), "to": str(self.end_s), **self.query}
        return Request(method="GET", path=self.path(scope, "timeline", "images"), query=query)


@frozen
class _Timeline:
    days: tuple[models.TimelineDay, ...]
    extra: models.Extra = field(factory=dict)


@frozen(kw_only=True)
class TimelineDays(_BehindFlags, Endpoint[list[models.TimelineDay]]):
    """``GET /event/{event_id}/timeline/days``."""

    name = "timeline_days"
    needs: ClassVar[tuple[str, ...]] = ("timeline_search",)

    def request(self, scope: Scope) -> Request:
        return Request(method="GET", path=self.path(scope, "timeline", "days"))

    def decode(self, reply: Reply) -> list[models.TimelineDay]:
        return list(decode(reply, self.name, _Timeline).days)


def _check_request_id(reply: Reply, endpoint: Endpoint[Any], path: str, found: object) -> None:
    """Raise if the reply is about another search: it would show another person's photos."""
    asked = endpoint.request_id or ""
    if isinstance(found, str) and found and found.casefold() != asked.casefold():
        raise contract_error(reply, endpoint.name, f"{path}.request_id", repr(asked), found)


def _check_new_id(reply: Reply, endpoint: Endpoint[Any], found: str) -> None:
    """Raise if a new ``request_id`` can't be an id: it is used in paths, logs and messages."""
    if not found.strip() or not found.isprintable() or len(found) > _LONGEST_ID:
        raise contract_error(reply, endpoint.name, "$.data.request_id", "an id", found)


@frozen(kw_only=True)
class _Faces:
    """The payload of a Face Search POST on the wire."""

    request_id: str
    images: tuple[ImageItem, ...]
    pagination: WirePagination
    confidence_percentage: float | None = None
    extra: models.Extra = field(factory=dict)


@frozen(kw_only=True)
class Faces:
    """The payload of a Face Search POST."""

    request_id: str
    images: tuple[ImageItem, ...]
    pagination: PaginationInfo
    confidence_percentage: float | None = None
    extra: models.Extra = field(factory=dict)


@frozen(kw_only=True)
class FaceSearch(_BehindFlags, SelfieUpload[Faces]):
    """``POST /event/{event_id}/faces``."""

    name = "face_search"
    needs: ClassVar[tuple[str, ...]] = ("selfie_search",)

    page_size: int | None = None

    @property
    def size(self) -> int:
        """The number of photos to request on the first page."""
        return guesses.FACES_PAGE_SIZE_MAX if self.page_size is None else self.page_size

    def request(self, scope: Scope) -> Request:
        query = {"page": "1", "page_size": str(self.size)}
        return Request(method="POST", path=self.path(scope, "faces"), query=query, **self.form())

    def decode(self, reply: Reply) -> Faces:
        found = decode(reply, self.name, _Faces)
        _check_new_id(reply, self, found.request_id)
        return Faces(
            request_id=found.request_id,
            images=found.images,
            pagination=pagination_of(found.pagination, 1, self.size, len(found.images)),
            confidence_percentage=found.confidence_percentage,
            extra=found.extra,
        )


@frozen(kw_only=True)
class _Started:
    request_id: str
    extra: models.Extra = field(factory=dict)


@frozen(kw_only=True)
class StartClips(_BehindFlags, SelfieUpload[str]):
    """``POST /event/{event_id}/video-clipping/search-by-selfie``. Decodes to the job's ``request_id``."""

    name = "start_clips"
    needs: ClassVar[tuple[str, ...]] = ("video_search", "video_selfie_search")

    def request(self, scope: Scope) -> Request:
        path = self.path(scope, "video-clipping", "search-by-selfie")
        return Request(method="POST", path=path, **self.form())

    def decode(self, reply: Reply) -> str:
        found = decode(reply, self.name, _Started)
        _check_new_id(reply, self, found.request_id)
        return found.request_id


@frozen(kw_only=True)
class ClipStatus(_BehindFlags, Endpoint[models.ClipStatus]):
    """``GET /event/{event_id}/video-clipping/{request_id}``."""

    name = "clip_status"
    needs: ClassVar[tuple[str, ...]] = ("video_search", "video_selfie_search")

    def request(self, scope: Scope) -> Request:
        path = self.path(scope, "video-clipping", segment(self.request_id or "", "request_id"))
        return Request(method="GET", path=path)

    def decode(self, reply: Reply) -> models.ClipStatus:
        path, found = payload(reply, self.name, required_keys(models.ClipStatus))
        given = found.get("request_id")
        # The payload may lack the id.
        if given in (None, ""):
            found = {**found, "request_id": self.request_id}
        word = found.get(guesses.CLIP_STATUS_KEY)
        present = [key for key in guesses.CLIP_LIST_KEYS if found.get(key) is not None]
        listed = next((key for key in present if found[key]), present[0] if present else None)
        clips = found[listed] if listed else []
        if isinstance(word, str) and guesses.clip_state(word) == "done":
            self._check_done(reply, path, found, listed)
        elif isinstance(clips, list):
            # Until the job is done, clips may lack a URL, or the list of clips may be missing.
            clips = [clip for clip in clips if _has_url(clip)]
        found = {key: value for key, value in found.items() if key != listed} | {"clips": clips}
        status = decode_at(reply, self.name, path, found, models.ClipStatus)
        _check_request_id(reply, self, path, given)
        return evolve(status, retry_after=retry_after_s(reply))

    def _check_done(self, reply: Reply, path: str, found: dict[str, Any], listed: str | None) -> None:
        """Check that a finished job has clips with URLs; without them it would look like "no match"."""
        if listed is None:
            expected = "a list under " + " or ".join(guesses.CLIP_LIST_KEYS)
            raise contract_error(reply, self.name, path, expected, found)
        clips = found[listed] if isinstance(found[listed], list) else []
        for place, clip in enumerate(clips):
            if not _has_url(clip):
                expected = "a clip's URL under " + " or ".join(guesses.CLIP_URL_KEYS)
                raise contract_error(reply, self.name, f"{path}.{listed}[{place}]", expected, clip)


@frozen(kw_only=True)
class _Originals:
    presigned_urls: tuple[models.PresignedUrlItem, ...]
    failed_urls: tuple[models.FailedUrlItem, ...] = ()
    pagination: WirePagination
    extra: models.Extra = field(factory=dict)


@frozen(kw_only=True)
class Originals(Listing[models.PresignedUrlItem]):
    """``POST /event/{event_id}/original-photos``. It only signs links, so it is safe to repeat."""

    name = "originals"
    page_size_max = 60

    method: str
    identifier: str | tuple[str, ...]

    def request(self, scope: Scope) -> Request:
        identifier = list(self.identifier) if isinstance(self.identifier, tuple) else self.identifier
        return Request(
            method="POST",
            path=self.path(scope, "original-photos"),
            query=self.query,
            json={"method": self.method, "identifier": identifier},
        )

    def decode(self, reply: Reply) -> Page[models.PresignedUrlItem]:
        found = decode(reply, self.name, _Originals)
        return page_of(
            found.presigned_urls,
            found.pagination,
            self.page,
            self.size,
            found.extra,
            len(reply.body),
            found.failed_urls,
        )

    @staticmethod
    def key(item: models.PresignedUrlItem) -> Hashable:
        return item.filename, unsigned(item.url)


def _has_url(clip: object) -> bool:
    if isinstance(clip, dict):
        return any(clip.get(key) for key in guesses.CLIP_URL_KEYS)
    return bool(clip)
