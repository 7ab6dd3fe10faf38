"""The whole SDK without ``async`` and ``await``: same names, arguments, models and errors.

from ninepic_async.sync import NinePic

with NinePic(api_key, org_id) as client:
    for photo in client.event(456).bib_search("1234"):
        print(photo.img_url)
"""

from __future__ import annotations

from ninepic_async._contract.selfie import SelfieSource
from ninepic_async._core.hooks import AttemptEnded, CallEnded, CallStarted, Hook
from ninepic_async._core.retry import RetryPolicy
from ninepic_async._core.throttle import RateLimit, ThrottleState
from ninepic_async._http.options import HTTPOptions
from ninepic_async.cta import CtaVisit
from ninepic_async.download.report import DownloadedFile, DownloadProgress, DownloadReport, FailedDownload
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
    EventNotFoundError,
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
from ninepic_async.memories.result import Memories, Part
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
from ninepic_async.sync.client import NinePic
from ninepic_async.sync.clip_job import ClipJob
from ninepic_async.sync.event import Event
from ninepic_async.sync.pagination import FaceSearch, Pager
from ninepic_async.watch.change import GalleryChange

__all__ = [
    "APIConnectionError",
    "APIStatusError",
    "APITimeoutError",
    "AttemptEnded",
    "AuthenticationError",
    "BadRequestError",
    "CallEnded",
    "CallStarted",
    "Clip",
    "ClipJob",
    "ClipJobFailedError",
    "ClipJobTimeoutError",
    "ClipResult",
    "ClipStatus",
    "ConfigError",
    "CtaVisit",
    "DecodeError",
    "DownloadError",
    "DownloadProgress",
    "DownloadReport",
    "DownloadedFile",
    "Event",
    "EventDetails",
    "EventListItem",
    "EventNotFoundError",
    "FaceSearch",
    "FailedDownload",
    "FailedUrlItem",
    "FeatureDisabledError",
    "GalleryChange",
    "GalleryError",
    "HTTPOptions",
    "Hook",
    "ImageItem",
    "InternalServerError",
    "InvalidInputError",
    "Memories",
    "NinePic",
    "NinePicError",
    "NotFoundError",
    "Page",
    "Pager",
    "PaginationInfo",
    "Part",
    "PermissionDeniedError",
    "Ping",
    "PresignedUrlItem",
    "Problem",
    "RateLimit",
    "RateLimitError",
    "RetryPolicy",
    "SelfieSource",
    "ThrottleState",
    "TimelineDay",
    "TimelineHour",
    "UnprocessableEntityError",
]
