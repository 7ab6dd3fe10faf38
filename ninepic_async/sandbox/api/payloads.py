"""Build the JSON payloads in the chosen dialect."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import orjson
from attrs import asdict

from ninepic_async.sandbox.api.checks import Page
from ninepic_async.sandbox.api.clips import ClipItem
from ninepic_async.sandbox.dialect import Dialect
from ninepic_async.sandbox.event_photos import Photo, hour_counts
from ninepic_async.sandbox.events import Event
from ninepic_async.sandbox.links import Links
from ninepic_async.sandbox.state import Phase

Data = dict[str, object]
PAGES_KEPT: Final = 256
_LATE_FLAGS: Final = ("video_search", "video_selfie_search", "timeline_search")


class Payloads:
    """Builds payloads from events, photos and jobs."""

    def __init__(self, dialect: Dialect, links: Links) -> None:
        self.dialect = dialect
        self.links = links
        self._pages: OrderedDict[tuple[Event, str, int, int], orjson.Fragment] = OrderedDict()

    def body(self, status: int, message: str, data: Data | None) -> bytes:
        """Return the body of a reply: the envelope, or only the payload if the dialect is flat."""
        if data is not None and self.dialect.flat:
            return orjson.dumps(data)
        kind = "success" if status < 400 else "error"
        return orjson.dumps({"responseType": kind, "message": message, "data": data})

    def event_item(self, event: Event) -> Data:
        """Return an event as List Events shows it."""
        item = self._event(event)
        item["cover_image"] = self._cover(event)
        return item

    def event_details(self, event: Event) -> Data:
        """Return an event with its feature flags."""
        details = self._event(event)
        details["event_enabled"] = event.status == "active"
        details.update(asdict(event.features))
        if not self.dialect.late_flags:
            for flag in _LATE_FLAGS:
                del details[flag]
        return details

    def photos(self, event: Event, places: Sequence[int], page: Page) -> Data:
        """Return one page of photos; ``places`` are the indices of all photos that were found."""
        shown = places[page.start : page.start + page.size]
        if isinstance(shown, range) and shown.step == 1:
            images: object = self._consecutive(event, shown)
        else:
            images = [self._photo(event, event.gallery.photo(place)) for place in shown]
        return {"images": images, "pagination": pagination(len(places), page)}

    def cached_photos(self, event: Event, photos: Sequence[Photo], page: Page) -> Data:
        """Return one page of a cached result. It can list photos that have been removed since."""
        shown = photos[page.start : page.start + page.size]
        images = [self._photo(event, photo) for photo in shown]
        return {"images": images, "pagination": pagination(len(photos), page)}

    def timeline_days(self, event: Event) -> Data:
        """Return the number of photos per UTC day and hour."""
        days: dict[int, dict[int, int]] = {}
        for hour, count in hour_counts(event.gallery).items():
            days.setdefault(hour // 24, {})[hour % 24] = count
        return {
            "days": [
                {
                    "date": datetime.fromtimestamp(day * 86400, UTC).date().isoformat(),
                    "total": sum(hours.values()),
                    "hours": [{"hour": hour, "count": count} for hour, count in hours.items()],
                }
                for day, hours in days.items()
            ]
        }

    def clip_status(self, request_id: str, phase: Phase, clips: Sequence[ClipItem]) -> Data:
        """Return the payload of a Motion job."""
        words: dict[str, str] = asdict(self.dialect.clip_words)
        message = "Video processing failed" if phase == "failed" else None
        return {
            "request_id": request_id,
            self.dialect.clip_status_key: words[phase],
            self.dialect.clip_list_key: [self._clip(clip) for clip in clips],
            "message": message,
        }

    def _consecutive(self, event: Event, shown: range) -> orjson.Fragment:
        """Return consecutive photos as JSON, from a cache: clients request the same pages many times."""
        key = (event, self.links.origin, shown.start, shown.stop)
        run = self._pages.get(key)
        if run is None:
            photos = [self._photo(event, event.gallery.photo(place)) for place in shown]
            run = self._pages[key] = orjson.Fragment(orjson.dumps(photos))
            if len(self._pages) > PAGES_KEPT:
                self._pages.popitem(last=False)
        return run

    def _photo(self, event: Event, photo: Photo) -> Data:
        event_id, image_id = event.event_id, photo.image_id
        width, thumbnail, original = (
            ("widht", "thumbanail_url", "orginal_url")
            if self.dialect.misspelt
            else ("width", "thumbnail_url", "original_url")
        )
        return {
            "img_url": self.links.photo(event_id, "large", image_id),
            "height": None if event.sizeless else photo.height,
            width: None if event.sizeless else photo.width,
            "image_id": image_id,
            thumbnail: self.links.photo(event_id, "small", image_id),
            original: self.links.photo(event_id, "open", image_id) if photo.open_original else None,
        }

    def _event(self, event: Event) -> Data:
        if event.bare:
            return {
                "event_id": event.event_id,
                "event_name": None,
                "event_slug": None,
                "event_date": None,
                "status": None,
            }
        return {
            "event_id": event.event_id,
            "event_name": event.name,
            "event_slug": event.slug,
            "event_date": event.date.replace(tzinfo=None).isoformat(),
            "status": event.status,
        }

    def _cover(self, event: Event) -> str | None:
        path = f"/imgs/{event.event_id}/cover.jpg"
        return {None: None, "path": path, "url": self.links.origin + path}[event.cover]

    def _clip(self, clip: ClipItem) -> object:
        if self.dialect.bare_clips:
            return clip.url
        return {
            self.dialect.clip_url_key: clip.url,
            "video_id": clip.video_id,
            "start_time": clip.start_s,
            "end_time": round(clip.start_s + clip.duration_s, 1),
            "duration": clip.duration_s,
            "thumbnail_url": clip.thumbnail_url,
        }


def pagination(total: int, page: Page) -> Data:
    """Return the paging metadata; all zero if there are no items."""
    pages = -(-total // page.size)
    return {
        "total": total,
        "currentPage": page.number if total else 0,
        "totalPages": pages,
        "hasNextPage": page.number < pages,
        "hasPreviousPage": total > 0 and page.number > 1,
        "page_size": page.size,
    }
