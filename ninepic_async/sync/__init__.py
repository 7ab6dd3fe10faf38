"""The whole SDK without ``async`` and ``await``: same names, arguments, models and errors.

from ninepic_async.sync import NinePic

with NinePic(api_key, org_id) as client:
    for photo in client.event(456).bib_search("1234"):
        print(photo.img_url)
"""

from __future__ import annotations

from ninepic_async import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    Clip,
    ClipJobFailedError,
    ClipJobTimeoutError,
    ClipResult,
    ClipStatus,
    ConfigError,
    DecodeError,
    DownloadError,
    DownloadProgress,
    DownloadReport,
    EventDetails,
    EventListItem,
    FailedDownload,
    FailedUrlItem,
    FeatureDisabledError,
    GalleryError,
    ImageItem,
    InternalServerError,
    InvalidInputError,
    NinePicError,
    NotFoundError,
    Page,
    PaginationInfo,
    PermissionDeniedError,
    Ping,
    PresignedUrlItem,
    Problem,
    RateLimit,
    RateLimitError,
    RetryPolicy,
    SelfieSource,
    TimelineDay,
    TimelineHour,
    UnprocessableEntityError,
)
from ninepic_async.sync._clip_job import ClipJob
from ninepic_async.sync._pagination import FaceSearch, Pager
from ninepic_async.sync.client import NinePic
from ninepic_async.sync.event import Event

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
