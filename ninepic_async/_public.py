"""The public names of `ninepic_async`: the one list that everything else follows.

`ninepic_async.__init__` imports this module on first use.
``X as X`` exports a name for type checkers.
"""

from ninepic_async._contract.selfie import SelfieSource as SelfieSource
from ninepic_async._core.hooks import AttemptEnded as AttemptEnded
from ninepic_async._core.hooks import CallEnded as CallEnded
from ninepic_async._core.hooks import CallStarted as CallStarted
from ninepic_async._core.hooks import Hook as Hook
from ninepic_async._core.retry import RetryPolicy as RetryPolicy
from ninepic_async._core.throttle import RateLimit as RateLimit
from ninepic_async._core.throttle import ThrottleState as ThrottleState
from ninepic_async._http.options import HTTPOptions as HTTPOptions
from ninepic_async.client import NinePic as NinePic
from ninepic_async.clip_job import ClipJob as ClipJob
from ninepic_async.cta import CtaVisit as CtaVisit
from ninepic_async.download.report import DownloadedFile as DownloadedFile
from ninepic_async.download.report import DownloadProgress as DownloadProgress
from ninepic_async.download.report import DownloadReport as DownloadReport
from ninepic_async.download.report import FailedDownload as FailedDownload
from ninepic_async.errors import APIConnectionError as APIConnectionError
from ninepic_async.errors import APIStatusError as APIStatusError
from ninepic_async.errors import APITimeoutError as APITimeoutError
from ninepic_async.errors import AuthenticationError as AuthenticationError
from ninepic_async.errors import BadRequestError as BadRequestError
from ninepic_async.errors import ClipJobFailedError as ClipJobFailedError
from ninepic_async.errors import ClipJobTimeoutError as ClipJobTimeoutError
from ninepic_async.errors import ConfigError as ConfigError
from ninepic_async.errors import DecodeError as DecodeError
from ninepic_async.errors import DownloadError as DownloadError
from ninepic_async.errors import EventNotFoundError as EventNotFoundError
from ninepic_async.errors import FeatureDisabledError as FeatureDisabledError
from ninepic_async.errors import GalleryError as GalleryError
from ninepic_async.errors import InternalServerError as InternalServerError
from ninepic_async.errors import InvalidInputError as InvalidInputError
from ninepic_async.errors import NinePicError as NinePicError
from ninepic_async.errors import NotFoundError as NotFoundError
from ninepic_async.errors import PermissionDeniedError as PermissionDeniedError
from ninepic_async.errors import Problem as Problem
from ninepic_async.errors import RateLimitError as RateLimitError
from ninepic_async.errors import UnprocessableEntityError as UnprocessableEntityError
from ninepic_async.event import Event as Event
from ninepic_async.memories.result import Memories as Memories
from ninepic_async.memories.result import Part as Part
from ninepic_async.models import Clip as Clip
from ninepic_async.models import ClipResult as ClipResult
from ninepic_async.models import ClipStatus as ClipStatus
from ninepic_async.models import EventDetails as EventDetails
from ninepic_async.models import EventListItem as EventListItem
from ninepic_async.models import FailedUrlItem as FailedUrlItem
from ninepic_async.models import ImageItem as ImageItem
from ninepic_async.models import Page as Page
from ninepic_async.models import PaginationInfo as PaginationInfo
from ninepic_async.models import Ping as Ping
from ninepic_async.models import PresignedUrlItem as PresignedUrlItem
from ninepic_async.models import TimelineDay as TimelineDay
from ninepic_async.models import TimelineHour as TimelineHour
from ninepic_async.pagination import FaceSearch as FaceSearch
from ninepic_async.pagination import Pager as Pager
from ninepic_async.watch.watcher import GalleryChange as GalleryChange
