"""Which photos are meant: the options that say so, and the source for a bulk fetch that follows from them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final, Literal, TypeAlias

from attrs import frozen
from cyclopts import Parameter

from ninepic_async import Event, ImageItem, Pager, PresignedUrlItem
from ninepic_async.cli.errors import UsageError
from ninepic_async.cli.options import WHICH, Flag
from ninepic_async.cli.selfie import search_face
from ninepic_async.download.source import Source

Rendition: TypeAlias = Literal["large", "thumbnail", "original"]
_IDS_AT_ONCE: Final = 60
"""How many links 9Pic signs in one reply."""


@Parameter(name="*", group=WHICH)
@frozen(kw_only=True)
class Which:
    """A participant's photos, or single ones."""

    bib: str | None = None
    """Those of the participant with this BIB number."""

    selfie: Path | None = None
    """Those of the person on this picture. It is a new search, which is charged."""

    request_id: str | None = None
    """Those that an earlier selfie search found: no upload, no charge."""

    image_id: Annotated[tuple[str, ...], Parameter(show_default=False)] = ()
    """The one with this id; give it several times for several."""

    def check(self) -> None:
        """Check that one of them was given, and not two.

        Raises:
            UsageError: it is otherwise.
        """
        given = self._given()
        if len(given) != 1:
            passed = f"; you gave {' and '.join(given)}" if given else ""
            raise UsageError(f"say which photos, in one way: {self._ways()}{passed}")

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
    """A participant's photos, single ones, those of a time, or all."""

    all: Flag = False
    """All photos of the event."""

    from_: Annotated[datetime | None, Parameter(name="--from")] = None
    """Those taken from this time on, such as 2026-01-19T06:30; UTC unless it says otherwise."""

    until: datetime | None = None
    """Those taken before this time; goes with --from."""

    def check(self) -> None:
        """Check that one way was given, and not two.

        Raises:
            UsageError: it is otherwise, or the time can't be right.
        """
        super().check()
        if (self.from_ is None) != (self.until is None):
            raise UsageError("--from and --until go together")
        if self.from_ is not None and self.until is not None and _utc(self.until) <= _utc(self.from_):
            raise UsageError("--until must be later than --from")

    def _given(self) -> list[str]:
        given = super()._given() + ["--all"] * self.all
        return given if self.from_ is None and self.until is None else [*given, "--from and --until"]

    def _ways(self) -> str:
        return "--all, --bib, --selfie, --request-id, --image-id, or --from and --until"


@frozen
class Found:
    """What was asked for, ready to be fetched."""

    source: Source
    total: int | None
    """How many photos that is, where it is known already."""
    request_id: str | None = None
    photos: Sequence[ImageItem] = ()
    """The photos themselves, where they were looked at: those of a BIB."""


async def find(event: Event, which: Which, rendition: Rendition, *, count: bool) -> Found:
    """Turn the options into a source.

    Args:
        event: the event.
        which: the photos.
        rendition: in which form.
        count: whether to ask how many there are, where that costs a request.
    """
    if which.image_id:
        return Found(event.originals(image_ids=which.image_id), len(set(which.image_id)))
    request_id = which.request_id
    total = None
    if which.selfie is not None:
        search = await search_face(event, which.selfie)
        request_id, total = search.request_id, search.total
    photos = _photos(event, which, request_id)
    of_bib = await photos.collect() if which.bib is not None else ()
    if of_bib:
        total = len(of_bib)
    elif count and total is None:
        total = (await photos.first_page()).pagination.total
    return Found(_rendered(event, which, photos, request_id, rendition), total, request_id, of_bib)


def _photos(event: Event, which: Which, request_id: str | None) -> Pager[ImageItem]:
    if which.bib is not None:
        return event.bib_search(which.bib)
    if request_id is not None:
        return event.face_results(request_id)
    if isinstance(which, Selection) and which.from_ is not None and which.until is not None:
        return event.timeline_photos(_utc(which.from_), _utc(which.until))
    return event.photos()


def _rendered(
    event: Event, which: Which, photos: Pager[ImageItem], request_id: str | None, rendition: Rendition
) -> Source:
    if rendition != "original":
        return photos
    return links(event, which, request_id) or originals_of(event, photos)


def links(event: Event, which: Which, request_id: str | None) -> Pager[PresignedUrlItem] | None:
    """Give links to originals, where 9Pic signs them for a search as a whole."""
    if which.image_id:
        return event.originals(image_ids=which.image_id)
    if which.bib is not None:
        return event.originals(bib=which.bib)
    return None if request_id is None else event.originals(selfie=request_id)


async def originals_of(event: Event, photos: Pager[ImageItem]) -> AsyncGenerator[PresignedUrlItem, None]:
    """Sign links to the originals of any photos, a page at a time, as they are asked for."""
    async with aclosing(photos.pages()) as pages:
        async for page in pages:
            ids = [photo.image_id for photo in page.items]
            for start in range(0, len(ids), _IDS_AT_ONCE):
                signed = await event.originals(image_ids=ids[start : start + _IDS_AT_ONCE]).first_page()
                for link in signed.items:
                    yield link
                for failed in signed.failed:
                    yield failed  # type: ignore[misc]  # a fetch takes them, and reports them as failed


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
