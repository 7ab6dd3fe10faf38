"""The endpoints' names, paths and limits, without the code that answers them."""

from __future__ import annotations

from typing import Final

from attrs import frozen

from ninepic_async import guesses


@frozen
class Limits:
    """The default and the largest page size of an endpoint."""

    default: int
    largest: int


_PHOTOS: Final = Limits(32, 100)
_FACES: Final = Limits(32, guesses.FACES_PAGE_SIZE_MAX)
_TIMELINE: Final = Limits(32, guesses.TIMELINE_PAGE_SIZE_MAX)
_ORG: Final = "/api/v1/ext/{org_id}"
_EVENT: Final = f"{_ORG}/event/{{event_id}}"
_MOTION: Final = ("video_search", "video_selfie_search")


@frozen
class Route:
    """One endpoint of the API.

    Attributes:
        name: Its name in the request log and in faults.
        path: aiohttp's pattern of its path.
        method: HTTP method.
        needs: Features that the event must have on.
        limits: Page sizes, if it is paged.
        paged: Whether it takes ``page`` and ``page_size``.
    """

    name: str
    path: str
    method: str = "GET"
    needs: tuple[str, ...] = ()
    limits: Limits = _PHOTOS
    paged: bool = False

    @property
    def of_event(self) -> bool:
        """Whether the endpoint is about one event."""
        return "{event_id}" in self.path


ROUTES: Final = (
    Route("events", f"{_ORG}/events", limits=Limits(10, 100), paged=True),
    Route("ping", f"{_EVENT}/ping"),
    Route("details", f"{_EVENT}/details"),
    Route("photos", f"{_EVENT}/images", paged=True),
    Route("bib_search", f"{_EVENT}/bibs/{{bib}}", needs=("bib_search",), paged=True),
    Route("face_search", f"{_EVENT}/faces", "POST", ("selfie_search",), _FACES, paged=True),
    Route(
        "face_results", f"{_EVENT}/faces/{{request_id}}", needs=("selfie_search",), limits=_FACES, paged=True
    ),
    Route("timeline_days", f"{_EVENT}/timeline/days", needs=("timeline_search",)),
    Route("timeline_photos", f"{_EVENT}/timeline/images", "GET", ("timeline_search",), _TIMELINE, paged=True),
    Route("start_clips", f"{_EVENT}/video-clipping/search-by-selfie", "POST", _MOTION),
    Route("clip_status", f"{_EVENT}/video-clipping/{{request_id}}", needs=_MOTION),
    Route("originals", f"{_EVENT}/original-photos", "POST", limits=Limits(30, 60), paged=True),
)
PHOTO_HOST_ENDPOINTS: Final = ("cover", "photo", "original", "clip")
"""The endpoint names of the photo host."""
UNKNOWN: Final = "unknown"
"""The endpoint name of a request for an unknown path."""
ENDPOINTS: Final = (*(route.name for route in ROUTES), *PHOTO_HOST_ENDPOINTS, UNKNOWN)
"""All endpoint names that the request log and faults use."""
