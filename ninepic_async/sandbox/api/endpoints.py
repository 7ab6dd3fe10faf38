"""The API's endpoints: each takes a checked call and gives a message and a payload."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from aiohttp import web
from attrs import frozen

from ninepic_async import guesses
from ninepic_async.sandbox.api.checks import Limits, Page, RefusalError, read_request_id, read_span
from ninepic_async.sandbox.api.clip_list import clips_of
from ninepic_async.sandbox.api.originals import OriginalsDesk, read_query, wanted_ids
from ninepic_async.sandbox.api.payloads import Data, Wire, pagination
from ninepic_async.sandbox.api.uploads import SelfieForm, read_selfie_form, required_selfie
from ninepic_async.sandbox.clock import Clock
from ninepic_async.sandbox.event_photos import between
from ninepic_async.sandbox.events import Event
from ninepic_async.sandbox.pictures.base import NotAPictureError
from ninepic_async.sandbox.state import ClipJob, SandboxState, Search

Reply = tuple[str, Data]
Match = Callable[[Event, bytes], Awaitable[tuple[str, ...]]]
CONFIDENCE_PERCENTAGE: Final = 80
NO_IMAGES: Final = "No images found"


@frozen(eq=False)
class Call:
    """A request whose key, organisation, event, features and page are in order."""

    request: web.Request
    event: Event
    page: Page


@frozen(eq=False)
class Endpoints:
    """What the endpoints work with, and one short method for each."""

    state: SandboxState
    wire: Wire
    clock: Clock
    originals_desk: OriginalsDesk
    match: Match

    async def events(self, call: Call) -> Reply:
        """List Events."""
        everything = list(self.state.events.values())
        shown = everything[call.page.start : call.page.start + call.page.size]
        items = [self.wire.event_item(event) for event in shown]
        return "Records for events", {"events": items, "pagination": pagination(len(everything), call.page)}

    async def ping(self, call: Call) -> Reply:
        """Ping."""
        return "pong", {"status": "ok", "org_id": self.state.org_id, "event_id": call.event.event_id}

    async def details(self, call: Call) -> Reply:
        """Event Details."""
        return "Event details", self.wire.event_details(call.event)

    async def photos(self, call: Call) -> Reply:
        """All Photos."""
        return self._photos(call, range(call.event.gallery.total), "Records for all images")

    async def bib_search(self, call: Call) -> Reply:
        """BIB Search."""
        bib = call.request.match_info["bib"]
        return self._photos(call, call.event.gallery.of_bib(bib), "Records for BIB search")

    async def face_search(self, call: Call) -> Reply:
        """Face Search by selfie."""
        form = await read_selfie_form(call.request, self.wire.dialect.selfie_field)
        search = await self._search(call, "face_search", form)
        return self._faces(call, search)

    async def face_results(self, call: Call) -> Reply:
        """Face Search's cached result."""
        return self._faces(call, self._known(call, call.request.match_info["request_id"]))

    async def timeline_days(self, call: Call) -> Reply:
        """Photos per UTC day and hour."""
        return "Timeline days", self.wire.timeline_days(call.event)

    async def timeline_photos(self, call: Call) -> Reply:
        """Photos taken in a span of time."""
        places = between(call.event.gallery, *read_span(call.request.query))
        return self._photos(call, places, "Records for timeline")

    async def start_clips(self, call: Call) -> Reply:
        """Motion: by selfie, or by the ``request_id`` of a Face Search alone."""
        form = await read_selfie_form(call.request, self.wire.dialect.selfie_field)
        if form.selfie is None and form.request_id is not None:
            search = self._known(call, form.request_id)
        else:
            search = await self._search(call, "start_clips", form)
        return "Video clipping started", self._clips(call, self.state.start_job(search, self.clock.now()))

    async def clip_status(self, call: Call) -> Reply:
        """Motion's status."""
        request_id = read_request_id(call.request.match_info["request_id"])
        job = self.state.job(call.event.event_id, request_id)
        if job is None:
            raise RefusalError(404, "request_id not found")
        return "Video clipping status", self._clips(call, job)

    async def originals(self, call: Call) -> Reply:
        """Download Originals."""
        query = read_query(await call.request.read())
        ids = wanted_ids(self.state, call.event, query)
        data = self.originals_desk.reply(call.event, query, ids, call.page, self.clock.now())
        return str(data["message"]), data

    def _photos(self, call: Call, places: Sequence[int], message: str) -> Reply:
        return message if places else NO_IMAGES, self.wire.photos(call.event, places, call.page)

    def _faces(self, call: Call, search: Search) -> Reply:
        message, data = self._photos(call, search.photos, "Records for face search")
        named: Data = {
            "request_id": search.request_id,
            "confidence_percentage": CONFIDENCE_PERCENTAGE,
        }
        return message, named | data

    def _clips(self, call: Call, job: ClipJob) -> Data:
        phase = job.phase(self.clock.now(), self.state.clip_seconds)
        clips = clips_of(call.event, job.search, self.wire.links) if phase == "completed" else ()
        return self.wire.clip_status(job.search.request_id, phase, clips)

    def _known(self, call: Call, request_id: str) -> Search:
        search = self.state.search(call.event.event_id, read_request_id(request_id))
        if search is None:
            raise RefusalError(404, "request_id not found")
        return search

    async def _search(self, call: Call, endpoint: str, form: SelfieForm) -> Search:
        """The search that was made before under this ``request_id``, or a new one."""
        selfie = required_selfie(form, self.wire.dialect)
        if form.request_id is not None:
            known = self.state.search(call.event.event_id, form.request_id)
            if known is not None:
                return known
            if not self.wire.dialect.adopts_request_ids:
                raise RefusalError(self.wire.dialect.unknown_request_id_status, "request_id not found")
        try:
            bibs = await self.match(call.event, selfie)
        except NotAPictureError:
            raise RefusalError(400, "The selfie is not a readable picture") from None
        request_id = form.request_id or self.state.mint_request_id()
        return self.state.add_search(endpoint, call.event, request_id, bibs, selfie)


_PHOTOS: Final = Limits(32, 100)
EndpointMethod = Callable[[Endpoints, Call], Awaitable[Reply]]


@frozen
class Route:
    """Where an endpoint is, and what a call of it needs."""

    name: str
    path: str
    run: EndpointMethod
    method: str = "GET"
    needs: tuple[str, ...] = ()
    limits: Limits = _PHOTOS
    paged: bool = False

    @property
    def of_event(self) -> bool:
        """Whether the endpoint is about one event."""
        return "{event_id}" in self.path


_ORG: Final = "/api/v1/ext/{org_id}"
_EVENT: Final = f"{_ORG}/event/{{event_id}}"
_FACES: Final = Limits(32, guesses.FACES_PAGE_SIZE_MAX)
_TIMELINE: Final = Limits(32, guesses.TIMELINE_PAGE_SIZE_MAX)
_MOTION: Final = ("video_search", "video_selfie_search")

ROUTES: Final = (
    Route("events", f"{_ORG}/events", Endpoints.events, limits=Limits(10, 100), paged=True),
    Route("ping", f"{_EVENT}/ping", Endpoints.ping),
    Route("details", f"{_EVENT}/details", Endpoints.details),
    Route("photos", f"{_EVENT}/images", Endpoints.photos, paged=True),
    Route("bib_search", f"{_EVENT}/bibs/{{bib}}", Endpoints.bib_search, needs=("bib_search",), paged=True),
    Route(
        "face_search",
        f"{_EVENT}/faces",
        Endpoints.face_search,
        method="POST",
        needs=("selfie_search",),
        limits=_FACES,
        paged=True,
    ),
    Route(
        "face_results",
        f"{_EVENT}/faces/{{request_id}}",
        Endpoints.face_results,
        needs=("selfie_search",),
        limits=_FACES,
        paged=True,
    ),
    Route(
        "timeline_days",
        f"{_EVENT}/timeline/days",
        Endpoints.timeline_days,
        needs=("timeline_search",),
    ),
    Route(
        "timeline_photos",
        f"{_EVENT}/timeline/images",
        Endpoints.timeline_photos,
        needs=("timeline_search",),
        limits=_TIMELINE,
        paged=True,
    ),
    Route(
        "start_clips",
        f"{_EVENT}/video-clipping/search-by-selfie",
        Endpoints.start_clips,
        method="POST",
        needs=_MOTION,
    ),
    Route(
        "clip_status",
        f"{_EVENT}/video-clipping/{{request_id}}",
        Endpoints.clip_status,
        needs=_MOTION,
    ),
    Route(
        "originals",
        f"{_EVENT}/original-photos",
        Endpoints.originals,
        method="POST",
        limits=Limits(30, 60),
        paged=True,
    ),
)
