"""Async-first SDK for the 9Pic external API: event photos by BIB number, selfie or time, clips, originals.

    from ninepic_async import NinePic

    async with NinePic(api_key, org_id) as client:
        async for photo in client.event(456).bib_search("1234"):
            print(photo.img_url)

`ninepic_async.sync` is the same without ``async`` and ``await``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ninepic_async._gate import RateLimit
    from ninepic_async._paging import FaceSearch, Pager
    from ninepic_async._polling import ClipJob
    from ninepic_async._retry import RetryPolicy
    from ninepic_async._selfie import SelfieSource
    from ninepic_async.client import NinePic
    from ninepic_async.download.records import DownloadProgress, DownloadReport, FailedDownload
    from ninepic_async.errors import (
        APIConnectionError,
        APIStatusError,
        APITimeoutError,
        AuthenticationError,
        BadRequestError,
        ClipJobFailedError,
        ClipJobTimeoutError,
        ConfigError,
        DecodeError,
        DownloadError,
        FeatureDisabledError,
        GalleryError,
        InternalServerError,
        InvalidInputError,
        NinePicError,
        NotFoundError,
        PermissionDeniedError,
        Problem,
        RateLimitError,
        UnprocessableEntityError,
    )
    from ninepic_async.event import Event
    from ninepic_async.models import (
        Clip,
        ClipResult,
        ClipStatus,
        EventDetails,
        EventListItem,
        FailedUrlItem,
        ImageItem,
        Page,
        PaginationInfo,
        Ping,
        PresignedUrlItem,
        TimelineDay,
        TimelineHour,
    )

__all__ = [
    "APIConnectionError",
    "APIStatusError",
    "APITimeoutError",
    "AuthenticationError",
    "BadRequestError",
    "Clip",
    "ClipJob",
    "ClipJobFailedError",
    "ClipJobTimeoutError",
    "ClipResult",
    "ClipStatus",
    "ConfigError",
    "DecodeError",
    "DownloadError",
    "DownloadProgress",
    "DownloadReport",
    "Event",
    "EventDetails",
    "EventListItem",
    "FaceSearch",
    "FailedDownload",
    "FailedUrlItem",
    "FeatureDisabledError",
    "GalleryError",
    "ImageItem",
    "InternalServerError",
    "InvalidInputError",
    "NinePic",
    "NinePicError",
    "NotFoundError",
    "Page",
    "Pager",
    "PaginationInfo",
    "PermissionDeniedError",
    "Ping",
    "PresignedUrlItem",
    "Problem",
    "RateLimit",
    "RateLimitError",
    "RetryPolicy",
    "SelfieSource",
    "TimelineDay",
    "TimelineHour",
    "UnprocessableEntityError",
]

_ROOMS = {
    "_gate": ("RateLimit",),
    "_paging": ("FaceSearch", "Pager"),
    "_polling": ("ClipJob",),
    "_retry": ("RetryPolicy",),
    "_selfie": ("SelfieSource",),
    "client": ("NinePic",),
    "download.records": ("DownloadProgress", "DownloadReport", "FailedDownload"),
    "errors": (
        "APIConnectionError",
        "APIStatusError",
        "APITimeoutError",
        "AuthenticationError",
        "BadRequestError",
        "ClipJobFailedError",
        "ClipJobTimeoutError",
        "ConfigError",
        "DecodeError",
        "DownloadError",
        "FeatureDisabledError",
        "GalleryError",
        "InternalServerError",
        "InvalidInputError",
        "NinePicError",
        "NotFoundError",
        "PermissionDeniedError",
        "Problem",
        "RateLimitError",
        "UnprocessableEntityError",
    ),
    "event": ("Event",),
    "models": (
        "Clip",
        "ClipResult",
        "ClipStatus",
        "EventDetails",
        "EventListItem",
        "FailedUrlItem",
        "ImageItem",
        "Page",
        "PaginationInfo",
        "Ping",
        "PresignedUrlItem",
        "TimelineDay",
        "TimelineHour",
    ),
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}


def __getattr__(name: str) -> object:
    # Importing the package costs next to nothing until something in it is used.
    room = _ROOM_OF.get(name)
    if room is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{room}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
