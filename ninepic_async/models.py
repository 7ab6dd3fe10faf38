"""The data of the API's replies: frozen attrs classes with the names of 9Pic's reference (docs.9pic.ai).

Each can be constructed by keyword from its required fields. Unknown keys are in ``.extra``, which comparison
ignores.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, Generic, TypeVar

from attrs import field, frozen

from ninepic_async import guesses
from ninepic_async._records import Record
from ninepic_async._support.photo_grid import picture_grid
from ninepic_async._support.redact import loggable, short_texts, shown_url
from ninepic_async.errors import ClipJobFailedError, InvalidInputError

T = TypeVar("T")
Extra = Mapping[str, Any]
_LONGEST_WORD = 100


def as_tuple(items: Iterable[Any]) -> tuple[Any, ...]:
    """Return a tuple, so that models accept lists too."""
    return tuple(items)


def shown_word(word: str) -> str:
    """Return a status word in quotes, masked and shortened, for messages."""
    return repr(loggable(word, _LONGEST_WORD))


def _extra() -> Extra:
    extra: Extra = field(factory=dict, eq=False, repr=False)
    return extra


@frozen(kw_only=True, field_transformer=short_texts)
class Ping(Record):
    """The reply to a ping: the key, host, organisation and event are accepted."""

    status: str
    org_id: int
    event_id: int
    extra: Extra = _extra()


@frozen(kw_only=True, field_transformer=short_texts)
class EventListItem(Record):
    """One event of the organisation.

    ``event_date`` has no time zone, because 9Pic sends none. ``cover_image`` is a URL or a path.
    """

    event_id: int
    event_name: str | None = None
    event_slug: str | None = None
    event_date: datetime | None = None
    status: str | None = None
    cover_image: str | None = field(default=None, repr=shown_url)
    extra: Extra = _extra()


@frozen(kw_only=True, field_transformer=short_texts)
class EventDetails(Record):
    """One event and its feature flags. The service answers 403 to a search whose flag is off.

    Motion needs both ``video_search`` and ``video_selfie_search``. Both timeline calls need
    ``timeline_search``. Older servers do not send these three flags; then they count as off.
    """

    event_id: int
    event_enabled: bool
    bib_search: bool
    selfie_search: bool
    name_search: bool
    video_search: bool = False
    video_selfie_search: bool = False
    timeline_search: bool = False
    event_name: str | None = None
    event_slug: str | None = None
    event_date: datetime | None = None
    status: str | None = None
    extra: Extra = _extra()


@frozen(kw_only=True, field_transformer=short_texts)
class ImageItem(Record):
    """One photo. ``img_url`` is the large watermarked preview. ``height`` and ``width`` are in pixels."""

    image_id: str
    img_url: str = field(repr=shown_url)
    thumbnail_url: str = field(repr=shown_url)
    height: int | None = None
    width: int | None = None
    original_url: str | None = field(default=None, repr=shown_url)
    extra: Extra = _extra()

    def _repr_html_(self) -> str:
        return picture_grid([self], total=1)


@frozen(kw_only=True, field_transformer=short_texts)
class PaginationInfo(Record):
    """The position of a page in its list. ``current_page`` and ``total_pages`` can be 0 in an empty list."""

    total: int
    current_page: int
    total_pages: int
    has_next_page: bool
    has_previous_page: bool
    page_size: int
    extra: Extra = _extra()


@frozen(kw_only=True, field_transformer=short_texts)
class TimelineHour(Record):
    """The number of photos taken in one hour (0 to 23, UTC)."""

    hour: int
    count: int
    extra: Extra = _extra()


@frozen(kw_only=True, field_transformer=short_texts)
class TimelineDay(Record):
    """The number of photos taken on one day (UTC), in total and per hour."""

    date: date
    total: int
    hours: tuple[TimelineHour, ...] = field(default=(), converter=as_tuple)
    extra: Extra = _extra()


@frozen(kw_only=True, field_transformer=short_texts)
class Clip(Record):
    """One Motion clip, an MP4. ``start_time``, ``end_time``, ``duration``: seconds of the source video."""

    url: str = field(repr=shown_url)
    video_id: str | None = None
    start_time: float | None = None
    end_time: float | None = None
    duration: float | None = None
    thumbnail_url: str | None = field(default=None, repr=shown_url)
    extra: Extra = _extra()


@frozen(kw_only=True, field_transformer=short_texts)
class ClipStatus(Record):
    """The status of a Motion job. ``retry_after``: the seconds that the server asked to wait, if any."""

    request_id: str
    status: str
    clips: tuple[Clip, ...] = field(default=(), converter=as_tuple)
    message: str | None = None
    retry_after: float | None = field(default=None, eq=False)
    extra: Extra = _extra()

    @property
    def state(self) -> guesses.ClipState:
        """The meaning of the status: ``under_way``, ``done``, ``no_match``, ``failed`` or ``unknown``."""
        return guesses.clip_state(self.status)

    @property
    def is_final(self) -> bool:
        """Whether the job has ended, successfully or not."""
        return self.state in ("done", "no_match", "failed")

    def result(self) -> ClipResult:
        """Return the clips of a job that has ended. Nothing is sent.

        Raises:
            ClipJobFailedError: the job failed.
            InvalidInputError: the job has not ended.

        Example:
            >>> status = await job.status()
            >>> clips = status.result().clips if status.is_final else ()
        """
        if not self.is_final:
            raise InvalidInputError(
                f"the job has not ended, its status is {shown_word(self.status)}: wait for it with job.wait()"
            )
        if self.state == "failed":
            why = f": {loggable(self.message)}" if self.message else ""
            raise ClipJobFailedError(
                f"Motion ended with {shown_word(self.status)}{why}",
                endpoint="clip_status",
                request_id=self.request_id,
            )
        return ClipResult(
            request_id=self.request_id,
            clips=self.clips,
            status=self.status,
            message=self.message,
            extra=self.extra,
        )


@frozen(kw_only=True, field_transformer=short_texts)
class ClipResult(Record):
    """The clips that Motion found, one for each matched source video. Empty if nothing matched."""

    request_id: str
    clips: tuple[Clip, ...] = field(default=(), converter=as_tuple)
    status: str = "completed"
    message: str | None = None
    extra: Extra = _extra()


@frozen(kw_only=True, field_transformer=short_texts)
class PresignedUrlItem(Record):
    """A signed link to one original. It expires after about an hour, so do not store it."""

    url: str = field(repr=shown_url)
    filename: str
    extra: Extra = _extra()


@frozen(kw_only=True, field_transformer=short_texts)
class FailedUrlItem(Record):
    """An original that the service could not sign a link for. ``error``: why, if the service said so."""

    image_id: str
    error: str
    path: str | None = None
    extra: Extra = _extra()


@frozen(kw_only=True, field_transformer=short_texts)
class Page(Record, Generic[T]):
    """One page of a list. ``failed`` is for originals only: the ones without a link."""

    items: tuple[T, ...] = field(converter=as_tuple)
    pagination: PaginationInfo
    failed: tuple[FailedUrlItem, ...] = field(default=(), converter=as_tuple)
    extra: Extra = _extra()
    _reply_bytes: int = field(default=0, eq=False, repr=False, alias="reply_bytes")
    """The size of the reply's body, in bytes."""

    def _repr_html_(self) -> str | None:
        photos = [item for item in self.items if isinstance(item, ImageItem)]
        # Links to originals are signed, so a notebook must not keep them.
        if not photos or len(photos) < len(self.items):
            return None
        where = f"Page {self.pagination.current_page} of {self.pagination.total_pages}"
        return picture_grid(photos, len(photos), f"{where}, {self.pagination.total:,} in all")
