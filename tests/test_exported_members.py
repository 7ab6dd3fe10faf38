from __future__ import annotations

import subprocess
import sys

import pytest

import ninepic_async

PUBLIC = [
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


def python(code: str) -> str:
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_the_public_face_is_pinned() -> None:
    assert ninepic_async.__all__ == PUBLIC


@pytest.mark.parametrize("name", PUBLIC)
def test_each_name_is_there_and_listed(name: str) -> None:
    assert getattr(ninepic_async, name) is getattr(ninepic_async, name)
    assert name in dir(ninepic_async)


def test_other_names_do_not_exist() -> None:
    with pytest.raises(AttributeError, match="Nonsense"):
        ninepic_async.Nonsense  # noqa: B018


def test_importing_the_package_alone_pulls_in_nothing_heavy() -> None:
    heavy = python(
        "import sys, ninepic_async\n"
        "print([name for name in ('aiohttp', 'attrs', 'attr', 'cattrs', 'anyio', 'asyncio', 'orjson', 'yarl')"
        " if name in sys.modules])"
    )
    assert heavy.strip() == "[]"


def test_a_star_import_gives_all_of_it() -> None:
    assert python("from ninepic_async import *\nprint(NinePic.__name__, Page.__name__)").split() == [
        "NinePic",
        "Page",
    ]
