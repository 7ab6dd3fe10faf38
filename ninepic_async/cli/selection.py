"""Select photos: the options, and the source for a download that they select."""

from __future__ import annotations

import asyncio
import re
import stat
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, BinaryIO, Final, Literal, TypeAlias

from attrs import frozen
from cyclopts import Parameter

from ninepic_async import Event, FaceSearch, ImageItem, Pager, PresignedUrlItem
from ninepic_async.cli.errors import Interrupted, UsageError
from ninepic_async.cli.key import stdin_is_terminal
from ninepic_async.cli.options import WHICH, Flag
from ninepic_async.cli.progress import waiting
from ninepic_async.cli.terminal import print_note
from ninepic_async.cli.times import time_option
from ninepic_async.download.source import Source

Rendition: TypeAlias = Literal["large", "thumbnail", "original"]
_STDIN: Final = Path("-")
_LARGEST_SELFIE: Final = 64 * 1024**2
_PICTURE: Final = re.compile(r"\.(jpe?g|png|heic|webp)$", re.IGNORECASE)


@Parameter(name="*", group=WHICH)
@frozen(kw_only=True)
class Which:
    """A participant's photos, or single photos."""

    bib: str | None = None
    """Photos of the participant with this BIB number."""

    selfie: Annotated[Path | None, Parameter(allow_leading_hyphen=True)] = None
    """Photos of the person in this picture. A new search, which is charged."""

    request_id: str | None = None
    """Photos that an earlier selfie search found: no upload, no charge."""

    image_id: Annotated[tuple[str, ...], Parameter(show_default=False)] = ()
    """The photo with this id. Repeat it for several photos."""

    def check(self) -> None:
        """Check that exactly one way was given.

        Raises:
            UsageError: none or several were given.
        """
        given = self._given()
        if len(given) != 1:
            passed = f"; you gave {' and '.join(given)}" if given else ""
            raise UsageError(f"select photos in one way: {self._ways()}{passed}")

    def read_selfie(self) -> Path | bytes | None:
        """Return the selfie's path, or its bytes if it comes from a pipe. Call it outside an event loop.

        Raises:
            UsageError: the pipe had no bytes, or too many.
        """
        return None if self.selfie is None else read_selfie(self.selfie)

    def _given(self) -> list[str]:
        ways = {
            "--bib": self.bib is not None,
            "--selfie": self.selfie is not None,
            "--request-id": self.request_id is not None,
            "--image-id": bool(self.image_id),
        }
        return [way for way, is_given in ways.items() if is_given]

    def _ways(self) -> str:
        return "--bib, --selfie, --request-id or --image-id"


@Parameter(name="*", group=WHICH)
@frozen(kw_only=True)
class Selection(Which):
    """A participant's photos, single photos, photos of a time span, or all."""

    all: Flag = False
    """All photos of the event."""

    from_: Annotated[datetime | None, Parameter(name="--from", converter=time_option)] = None
    """Photos taken from this time on: 2026-01-19T06:30, yesterday, 2h ago. UTC unless it has an offset."""

    until: Annotated[datetime | None, Parameter(converter=time_option)] = None
    """Photos taken before this time, such as now, in the same forms. It needs --from."""

    def check(self) -> None:
        """Check that exactly one way was given.

        Raises:
            UsageError: none or several were given, or the time span is wrong.
        """
        super().check()
        if (self.from_ is None) != (self.until is None):
            raise UsageError("give --from and --until together")
        if self.from_ is not None and self.until is not None and self.until <= self.from_:
            raise UsageError("--until must be later than --from")

    def _given(self) -> list[str]:
        given = super()._given() + ["--all"] * self.all
        return given if self.from_ is None and self.until is None else [*given, "--from and --until"]

    def _ways(self) -> str:
        return "--all, --bib, --selfie, --request-id, --image-id, or --from and --until"


@frozen
class Found:
    """The selected photos, ready to fetch."""

    source: Source
    total: int | None
    """The number of photos, if known."""
    request_id: str | None = None
    photos: Sequence[ImageItem] = ()
    """The photos, if they were listed already, as for a BIB."""


async def find(event: Event, which: Which, selfie: Path | bytes | None, *, count: bool) -> Found:
    """Return the source that the options select.

    Args:
        event: the event.
        which: the options.
        selfie: the selfie of the options: a path, or its bytes.
        count: whether to send a request for the number of photos if it is not known.
    """
    if which.image_id:
        return Found(event.originals(image_ids=which.image_id), len(set(which.image_id)))
    request_id = which.request_id
    total = None
    if selfie is not None:
        search = await search_face(event, selfie)
        request_id, total = search.request_id, search.total
    photos = _photos(event, which, request_id)
    of_bib = await photos.collect() if which.bib is not None else ()
    if of_bib:
        total = len(of_bib)
    elif count and total is None:
        total = (await photos.first_page()).pagination.total
    return Found(photos, total, request_id, of_bib)


def listed(event: Event, which: Which) -> Pager[ImageItem]:
    """List the selected photos, except those selected by selfie or id."""
    return _photos(event, which, which.request_id)


def _photos(event: Event, which: Which, request_id: str | None) -> Pager[ImageItem]:
    if which.bib is not None:
        return event.bib_search(which.bib)
    if request_id is not None:
        return event.face_results(request_id)
    if isinstance(which, Selection) and which.from_ is not None and which.until is not None:
        return event.timeline_photos(which.from_, which.until)
    return event.photos()


def links(event: Event, which: Which, request_id: str | None) -> Pager[PresignedUrlItem] | None:
    """Return links to originals if the service can sign them for the whole search; otherwise None."""
    if which.image_id:
        return event.originals(image_ids=which.image_id)
    if which.bib is not None:
        return event.originals(bib=which.bib)
    return None if request_id is None else event.originals(search=request_id)


def check_selfie_or_request_id(selfie: Path | None, request_id: str | None) -> None:
    """Check that exactly one of a selfie and ``--request-id`` was given.

    Raises:
        UsageError: both or neither were given, or the id is a file name.
    """
    if selfie is not None and request_id is not None:
        raise UsageError(
            "give either a selfie or --request-id, not both: "
            "--request-id repeats an earlier search without a new charge, and needs no selfie"
        )
    if selfie is None and request_id is None:
        raise UsageError("give a selfie file, or --request-id of an earlier search")
    if request_id is not None and _PICTURE.search(request_id):
        raise UsageError(
            f"--request-id {request_id} is a file name. Give the id that an earlier search printed, "
            "or the file without --request-id"
        )


def read_selfie(file: Path) -> Path | bytes:
    """Return a selfie's path, or its bytes if it comes from a pipe. Call it outside an event loop.

    Args:
        file: a path; ``-`` reads stdin, and ``<(…)`` of a shell is a pipe too.

    Raises:
        UsageError: the pipe had no bytes, or too many.
    """
    if file == _STDIN:
        if sys.stdin is None or stdin_is_terminal():
            raise UsageError("- reads the selfie from stdin, but stdin is not a pipe: pipe a picture into it")
        return _piped(sys.stdin.buffer, "stdin")
    try:
        mode = file.stat().st_mode
    except (OSError, ValueError):
        return file  # the client reports this error
    if not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
        return file
    with open(file, "rb") as pipe:
        return _piped(pipe, str(file))


def _piped(pipe: BinaryIO, name: str) -> bytes:
    content = pipe.read(_LARGEST_SELFIE + 1)
    if not content:
        raise UsageError(f"no selfie on {name}: it is empty")
    if len(content) > _LARGEST_SELFIE:
        raise UsageError(f"{name} has more than {_LARGEST_SELFIE:,} bytes: this is too large for a selfie")
    return content


async def search_face(event: Event, selfie: Path | bytes) -> FaceSearch:
    """Upload a selfie and print the ``request_id`` as soon as it is known.

    Raises:
        Interrupted: the user pressed Ctrl-C during the upload.
        NinePicError: the search failed.
    """
    try:
        with waiting("Searching"):
            search = await event.face_search(selfie)
    except asyncio.CancelledError:
        # Only Ctrl-C cancels this task.
        raise Interrupted(
            "interrupted while the selfie was sent; a new search may be charged again"
        ) from None
    print_request_id(search.request_id)
    return search


def print_request_id(request_id: str) -> None:
    """Print how to repeat a search without a charge."""
    print_note(f"request_id: {request_id} (for --request-id: no charge)")
