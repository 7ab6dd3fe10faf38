"""The second port: public photos and clips, and originals behind signed links."""

from __future__ import annotations

from html import escape
from typing import Final

from aiohttp import web
from attrs import frozen

from ninepic_async.sandbox.api.clips import video_ids
from ninepic_async.sandbox.clock import Clock
from ninepic_async.sandbox.dialect import Dialect
from ninepic_async.sandbox.event_photos import Photo
from ninepic_async.sandbox.events import Event
from ninepic_async.sandbox.faults.effects import answer, status_of
from ninepic_async.sandbox.faults.fault_list import Faults
from ninepic_async.sandbox.http.handlers import Handler
from ninepic_async.sandbox.http.ranges import send
from ninepic_async.sandbox.links import Links
from ninepic_async.sandbox.pictures.interface import Rendition
from ninepic_async.sandbox.pictures.renderer import Renderer
from ninepic_async.sandbox.request_log import RequestLog
from ninepic_async.sandbox.state import SandboxState

JPEG: Final = "image/jpeg"
MP4: Final = "video/mp4"
_RENDITIONS: Final[dict[str, Rendition]] = {"large": "large", "small": "small", "open": "original"}
_S3_ERROR: Final = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>'
)
_SLOW_DOWN: Final = _S3_ERROR.format(code="SlowDown", message="Please reduce your request rate.")


@frozen(eq=False)
class PhotoHost:
    """Builds the aiohttp application that serves pictures. It needs no API key, and logs leaked ones."""

    state: SandboxState
    renderer: Renderer
    links: Links
    clock: Clock
    faults: Faults
    log: RequestLog
    dialect: Dialect

    def app(self) -> web.Application:
        """Return the application with all routes."""
        app = web.Application(middlewares=[self._observe])
        add = app.router.add_get
        add("/imgs/{event_id}/cover.jpg", self._cover, name="cover")
        add(r"/imgs/{event_id}/{rendition:large|small|open}/{image_id}.jpg", self._photo, name="photo")
        add("/originals/{event_id}/{image_id}.jpg", self._original, name="original")
        add("/clips/{event_id}/{request_id}/{video_id}.mp4", self._clip, name="clip")
        return app

    @web.middleware
    async def _observe(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        info, status = self.log.begin("photos", request), 0
        if self.log.leaks_key("photos", request):
            self.state.key_leaks.append(request.path)
        try:
            with self.faults.applied_to(info, self.clock.now()) as armed:
                reply = await answer(armed, request, lambda r: _refusing(r, handler), self.clock, _SLOW_DOWN)
            status = status_of(reply)
        finally:
            self.log.add(info, request, status, self.clock.now())
        return reply

    async def _cover(self, request: web.Request) -> web.StreamResponse:
        event = self._event(request)
        return send(request, await self.renderer.cover(event), JPEG, event.date.timestamp())

    async def _photo(self, request: web.Request) -> web.StreamResponse:
        event, photo = self._event_and_photo(request)
        rendition = request.match_info["rendition"]
        if rendition == "open" and not photo.open_original:
            raise web.HTTPNotFound
        return await self._send(request, event, photo, _RENDITIONS[rendition])

    async def _original(self, request: web.Request) -> web.StreamResponse:
        verdict = self.links.check(request.path, request.query, self.clock.now())
        if verdict == "tampered":
            return s3_error(403, "AccessDenied", "Access Denied: the signature does not match")
        if verdict == "expired":
            return s3_error(self.dialect.link_expired_status, "AccessDenied", self.dialect.link_expired_text)
        event, photo = self._event_and_photo(request)
        return await self._send(request, event, photo, "original")

    async def _send(
        self, request: web.Request, event: Event, photo: Photo, rendition: Rendition
    ) -> web.StreamResponse:
        picture = await self.renderer.photo(event, photo.index, rendition)
        return send(request, picture, JPEG, photo.taken_at or event.date.timestamp())

    async def _clip(self, request: web.Request) -> web.StreamResponse:
        event = self._event(request)
        job = self.state.job(event.event_id, request.match_info["request_id"])
        videos = video_ids(event)
        video_id = request.match_info["video_id"]
        done = job is not None and job.phase(self.clock.now(), self.state.clip_seconds) == "completed"
        if job is None or not done or video_id not in videos:
            raise web.HTTPNotFound
        clip = await self.renderer.clip(event, job.search.bibs[0], videos.index(video_id))
        return send(request, clip, MP4, event.date.timestamp())

    def _event(self, request: web.Request) -> Event:
        event_id = request.match_info["event_id"]
        is_number = event_id.isdecimal() and len(event_id) < 10
        event = self.state.events.get(int(event_id)) if is_number else None
        if event is None:
            raise web.HTTPNotFound
        return event

    def _event_and_photo(self, request: web.Request) -> tuple[Event, Photo]:
        event = self._event(request)
        place = event.gallery.index_of(request.match_info["image_id"])
        if place is None:
            raise web.HTTPNotFound
        return event, event.gallery.photo(place)


async def _refusing(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPException as refusal:
        code = refusal.reason.replace(" ", "")
        return s3_error(refusal.status, code, f"{request.path}: {refusal.reason}")


def s3_error(status: int, code: str, message: str) -> web.Response:
    """Return an error in the XML form of S3."""
    body = _S3_ERROR.format(code=code, message=escape(message))
    return web.Response(status=status, text=body, content_type="application/xml")
