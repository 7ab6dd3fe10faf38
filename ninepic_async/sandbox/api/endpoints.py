"""The API's endpoints. Each takes a checked call, and returns a message and a payload."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from aiohttp import web
from attrs import frozen

from ninepic_async.sandbox.api.checks import Page, RefusalError, read_request_id, read_span
from ninepic_async.sandbox.api.clips import clips_of
from ninepic_async.sandbox.api.originals import SignedOriginals, read_query, wanted_ids
from ninepic_async.sandbox.api.payloads import Data, Payloads, pagination
from ninepic_async.sandbox.api.uploads import SelfieForm, read_selfie_form, required_selfie
from ninepic_async.sandbox.clock import Clock
from ninepic_async.sandbox.dialect import Dialect
from ninepic_async.sandbox.event_photos import between
from ninepic_async.sandbox.events import Event
from ninepic_async.sandbox.pictures.interface import NotAPictureError
from ninepic_async.sandbox.state import ClipJob, SandboxState, Search

Reply = tuple[str, Data]
Match = Callable[[Event, bytes], Awaitable[tuple[str, ...]]]
CONFIDENCE_PERCENTAGE: Final = 80
NO_IMAGES: Final = "No images found"


@frozen(eq=False)
class Call:
    """A request whose key, organisation, event, features and page have been checked."""

    request: web.Request
    event: Event
    page: Page


@frozen(eq=False)
class Endpoints:
    """The endpoints, one method for each."""

    state: SandboxState
    payloads: Payloads
    clock: Clock
    signed_originals: SignedOriginals
    match: Match

    async def events(self, call: Call) -> Reply:
        """Answer List Events."""
        everything = list(self.state.events.values())
        shown = everything[call.page.start : call.page.start + call.page.size]
        items = [self.payloads.event_item(event) for event in shown]
        return "Records for events", {"events": items, "pagination": pagination(len(everything), call.page)}

    async def ping(self, call: Call) -> Reply:
        """Answer Ping."""
        return "pong", {"status": "ok", "org_id": self.state.org_id, "event_id": call.event.event_id}

    async def details(self, call: Call) -> Reply:
        """Answer Event Details."""
        return "Event details", self.payloads.event_details(call.event)

    async def photos(self, call: Call) -> Reply:
        """Answer All Photos."""
        return self._photos(call, range(call.event.gallery.total), "Records for all images")

    async def bib_search(self, call: Call) -> Reply:
        """Answer BIB Search."""
        bib = call.request.match_info["bib"]
        places = call.event.gallery.of_bib(bib)
        if not places and self._dialect.unknown_bib_status != 200:
            message = f"BIB number {bib} not found for this event"
            raise RefusalError(self._dialect.unknown_bib_status, message)
        return self._photos(call, places, "Records for BIB search")

    async def face_search(self, call: Call) -> Reply:
        """Answer Face Search by selfie."""
        form = await read_selfie_form(call.request, self._dialect.selfie_field)
        search = await self._search(call, "face_search", form)
        return self._faces(call, search)

    async def face_results(self, call: Call) -> Reply:
        """Answer Face Search's cached result."""
        return self._faces(call, self._stored_search(call, call.request.match_info["request_id"]))

    async def timeline_days(self, call: Call) -> Reply:
        """Answer the timeline's days: the number of photos per UTC day and hour."""
        return "Timeline days", self.payloads.timeline_days(call.event)

    async def timeline_photos(self, call: Call) -> Reply:
        """Answer the timeline's photos of a time span."""
        places = between(call.event.gallery, *read_span(call.request.query))
        return self._photos(call, places, "Records for timeline")

    async def start_clips(self, call: Call) -> Reply:
        """Start a Motion job by selfie, or by only the ``request_id`` of a Face Search."""
        form = await read_selfie_form(call.request, self._dialect.selfie_field)
        if form.selfie is None and form.request_id is not None:
            search = self._stored_search(call, form.request_id)
        else:
            search = await self._search(call, "start_clips", form)
        return "Video clipping started", self._clips(call, self.state.start_job(search, self.clock.now()))

    async def clip_status(self, call: Call) -> Reply:
        """Answer the status of a Motion job."""
        request_id = read_request_id(call.request.match_info["request_id"])
        job = self.state.job(call.event.event_id, request_id)
        if job is None:
            raise RefusalError(404, "request_id not found")
        return "Video clipping status", self._clips(call, job)

    async def originals(self, call: Call) -> Reply:
        """Answer Download Originals."""
        query = read_query(await call.request.read())
        ids = wanted_ids(self.state, call.event, query)
        data = self.signed_originals.page(call.event, query, ids, call.page, self.clock.now())
        return str(data["message"]), data

    def _photos(self, call: Call, places: Sequence[int], message: str) -> Reply:
        return message if places else NO_IMAGES, self.payloads.photos(call.event, places, call.page)

    def _faces(self, call: Call, search: Search) -> Reply:
        message = "Records for face search" if search.photos else NO_IMAGES
        data = self.payloads.cached_photos(call.event, search.photos, call.page)
        named: Data = {
            "request_id": search.request_id,
            "confidence_percentage": CONFIDENCE_PERCENTAGE,
        }
        return message, named | data

    def _clips(self, call: Call, job: ClipJob) -> Data:
        phase = job.phase(self.clock.now(), self.state.clip_seconds)
        clips = clips_of(call.event, job.search, self.payloads.links) if phase == "completed" else ()
        return self.payloads.clip_status(job.search.request_id, phase, clips)

    def _stored_search(self, call: Call, request_id: str) -> Search:
        search = self.state.search(call.event.event_id, read_request_id(request_id))
        if search is None:
            raise RefusalError(404, "request_id not found")
        return search

    async def _search(self, call: Call, endpoint: str, form: SelfieForm) -> Search:
        """Return the stored search with this ``request_id``, or make a new one."""
        selfie = required_selfie(form, self._dialect)
        known = self.state.search(call.event.event_id, form.request_id or "")
        if known is not None:
            return known
        own_id = self._accepted_request_id(form.request_id)
        try:
            bibs = await self.match(call.event, selfie)
        except NotAPictureError:
            raise RefusalError(400, "The selfie is not a readable picture") from None
        request_id = own_id or self.state.mint_request_id()
        return self.state.add_search(endpoint, call.event, request_id, bibs, selfie)

    def _accepted_request_id(self, request_id: str | None) -> str | None:
        """Return the ``request_id`` that the caller created; None if there is none, or if it is ignored."""
        if request_id is None or self._dialect.ignores_request_ids:
            return None
        if not self._dialect.adopts_request_ids:
            status = self._dialect.unknown_request_id_status
            field = "body.request_id: " if status == 422 else ""
            raise RefusalError(status, f"{field}request_id not found")
        return request_id

    @property
    def _dialect(self) -> Dialect:
        return self.payloads.dialect


EndpointMethod = Callable[[Endpoints, Call], Awaitable[Reply]]
METHODS: Final[Mapping[str, EndpointMethod]] = {
    "events": Endpoints.events,
    "ping": Endpoints.ping,
    "details": Endpoints.details,
    "photos": Endpoints.photos,
    "bib_search": Endpoints.bib_search,
    "face_search": Endpoints.face_search,
    "face_results": Endpoints.face_results,
    "timeline_days": Endpoints.timeline_days,
    "timeline_photos": Endpoints.timeline_photos,
    "start_clips": Endpoints.start_clips,
    "clip_status": Endpoints.clip_status,
    "originals": Endpoints.originals,
}
"""The method that answers each of `ROUTES`, by the route's name."""
