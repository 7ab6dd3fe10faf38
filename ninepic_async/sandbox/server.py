"""A sandbox's life: two ports on the running loop, and what tests may look at and change."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from email.utils import formatdate
from os import PathLike
from socket import AF_INET, AF_INET6, create_server
from socket import socket as Socket  # noqa: N812 - a class
from types import TracebackType
from typing import Any, Self, TypeVar

from aiohttp import web
from attrs import Attribute, Factory, define, field, setters
from attrs.validators import and_, ge, instance_of, le, lt

from ninepic_async.sandbox import assertions
from ninepic_async.sandbox.api import description
from ninepic_async.sandbox.api.endpoints import Endpoints
from ninepic_async.sandbox.api.originals import OriginalsDesk
from ninepic_async.sandbox.api.payloads import Wire
from ninepic_async.sandbox.api.port import ApiPort
from ninepic_async.sandbox.clock import Clock, RealClock
from ninepic_async.sandbox.control.routes import Control
from ninepic_async.sandbox.dialect import Dialect
from ninepic_async.sandbox.event_photos import Gallery
from ninepic_async.sandbox.events import Event, api_key_of, make_events, org_id_of
from ninepic_async.sandbox.faults.fault import Faults
from ninepic_async.sandbox.http.handlers import Handlers
from ninepic_async.sandbox.links import Links
from ninepic_async.sandbox.photo_host import PhotoHost
from ninepic_async.sandbox.pictures.base import Pictures, gallery_in
from ninepic_async.sandbox.pictures.studio import Studio
from ninepic_async.sandbox.request_log import RequestLog
from ninepic_async.sandbox.seeded import digest
from ninepic_async.sandbox.snapshot import Snapshot, put_back, take
from ninepic_async.sandbox.state import SandboxState

_STOP_S = 0.2
"""How long closing waits for requests that are still being answered."""
_FROM_HERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (what is listened on, not where to)
"""Addresses to listen on that nobody can call, and those that lead there."""
_SECONDS = and_(ge(0.0), lt(float("inf")))
T = TypeVar("T")


def _not_while_it_runs(sandbox: Sandbox, setting: Attribute[Any], value: T) -> T:
    """Refuse a change that would have no effect."""
    if setting.init and sandbox._runners:
        raise RuntimeError(f"this sandbox runs already: say {setting.name} when you make it")
    return value


@define(eq=False, kw_only=True, on_setattr=[setters.validate, _not_while_it_runs])
class Sandbox:
    """A stand-in for the hosted API, on the running event loop; nothing is shared between two of them.

    Use it as ``async with Sandbox(photos=500, seed=7) as sb``, or call `start` and `aclose`. While it runs,
    `reset` changes seed and photos; the other settings stay as they are.

    Attributes:
        photos: How many photos the main event's drawn gallery has.
        seed: Everything made up follows from it: ids, BIBs, times, pictures.
        folder: Take the main gallery from the JPEGs in this folder instead of drawing it.
        dialect: How replies are worded.
        clock: What link expiry, Motion progress, delays and throttles follow.
        latency_s: Seconds of the clock to wait before each reply of the API.
        clip_seconds: Seconds from the start of a Motion job to its end.
        link_lifetime_s: Seconds a signed link is good.
        missing_originals: Share of photos (0 to 1) whose original cannot be had.
        host: Address to listen on.
        port: Port of the API; 0 picks a free one.
        photos_port: Port of the photo host; 0 picks a free one.
        control: Let other processes on this machine steer the sandbox over HTTP, below ``/_sandbox``.
        faults: Failures to come, in order.
        requests: What both ports were asked, oldest first.

    Raises:
        ValueError: A number is too small or too large.
    """

    photos: int = field(default=500, validator=[instance_of(int), ge(0)])
    seed: int = 7
    folder: str | PathLike[str] | None = None
    dialect: Dialect = field(factory=Dialect)
    clock: Clock = field(factory=RealClock)
    latency_s: float = field(default=0.0, validator=_SECONDS)
    clip_seconds: float = field(default=2.0, validator=_SECONDS)
    link_lifetime_s: float = field(default=3600.0, validator=_SECONDS)
    missing_originals: float = field(default=0.0, validator=[ge(0.0), le(1.0)])
    host: str = "127.0.0.1"
    port: int = 0
    photos_port: int = 0
    control: bool = False
    faults: Faults = field(factory=Faults, init=False)
    _account: int = field(default=Factory(lambda self: self.seed, takes_self=True), init=False)
    requests: RequestLog = field(
        default=Factory(lambda self: RequestLog(self.api_key), takes_self=True), init=False
    )
    _state: SandboxState | None = field(default=None, init=False)
    _studio: Studio | None = field(default=None, init=False)
    _runners: list[web.AppRunner] = field(factory=list, init=False)
    _handlers: Handlers = field(factory=Handlers, init=False)
    _sockets: list[Socket] = field(factory=list, init=False)
    _origins: list[str] = field(factory=list, init=False)

    async def start(self) -> Self:
        """Open both ports.

        Raises:
            FolderError: The folder is missing, holds no JPEGs, or one that cannot be read.
            OSError: A port is taken.
            RuntimeError: The sandbox runs already.
        """
        if self._runners:
            raise RuntimeError("this sandbox runs already")
        self._state = state = self._new_state(await self._folder_gallery())
        self._studio = studio = Studio()
        try:
            await self._open(state, studio)
        except BaseException:
            await self.aclose()
            raise
        return self

    async def aclose(self) -> None:
        """Close both ports. State, log and addresses stay to be looked at."""
        runners, self._runners = self._runners, []
        for runner in runners:
            await runner.cleanup()
        sockets, self._sockets = self._sockets, []
        for socket in sockets:
            socket.close()  # those whose site did not come to start
        await self._handlers.aclose()
        if self._studio is not None:
            self._studio.close()

    def reset(self, *, seed: int | None = None, photos: int | None = None) -> None:
        """Begin anew: forget searches, jobs, charges, faults and the log, perhaps with other events.

        Key, organisation, addresses and the clock stay as they are, so that whoever was pointed at the
        sandbox may go on.

        Args:
            seed: What events, BIBs, ids and pictures follow from henceforth; None keeps them.
            photos: How many photos the main event's gallery is to have; None keeps their number.

        Raises:
            ValueError: ``photos`` is negative, or given although the photos come from a folder. Nothing was
                changed.
        """
        if photos is not None and self.folder is not None:
            raise ValueError("photos: this sandbox has those of its folder, and no others")
        if photos is not None and photos < 0:
            raise ValueError("photos: should be 0 or more")
        seed = self.seed if seed is None else seed
        photos = self.photos if photos is None else photos
        self.state.begin_anew(seed, self._events_of(seed, photos))
        self._adopt(seed, photos)
        self.faults.clear()
        self.requests.clear()

    def snapshot(self) -> Snapshot:
        """What the sandbox remembers now: searches, Motion jobs and charges. Faults and log are not in it."""
        photos = self.photos if self.folder is None else None
        return take(self.state, photos, self.clock.now())

    def restore(self, taken: Snapshot) -> None:
        """Make the sandbox remember what it did when a snapshot was taken; faults and log stay as they are.

        Motion jobs go on from where they were.

        Raises:
            ValueError: The snapshot contradicts itself, or comes of another kind of gallery. Nothing was
                changed.
        """
        if (taken.photos is None) != (self.folder is not None):
            raise ValueError("photos: the snapshot was taken of another kind of gallery")
        photos = self.photos if taken.photos is None else taken.photos
        put_back(taken, self.state, self._events_of(taken.seed, photos), self.clock.now())
        self._adopt(taken.seed, photos)

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    @property
    def base_url(self) -> str:
        """Origin of the API, without a slash at the end."""
        return self._origin(0)

    @property
    def photos_url(self) -> str:
        """Origin of the photo host."""
        return self._origin(1)

    @property
    def api_key(self) -> str:
        """The key the API accepts."""
        return api_key_of(self._account)

    @property
    def org_id(self) -> int:
        """The organisation the key belongs to."""
        return org_id_of(self._account)

    @property
    def event_id(self) -> int:
        """The main event: every feature on, and the gallery in it."""
        return self.event.event_id

    @property
    def event(self) -> Event:
        """The main event itself."""
        return self.events[0]

    @property
    def events(self) -> Sequence[Event]:
        """All events, as List Events gives them."""
        return tuple(self.state.events.values())

    @property
    def bibs(self) -> Sequence[str]:
        """The BIBs that occur in the main event."""
        return self.event.gallery.bibs

    @property
    def state(self) -> SandboxState:
        """Searches, jobs, charges and leaks so far."""
        if self._state is None:
            self._state = self._new_state(None)
        return self._state

    def selfie(self, bib: str, take: int = 0) -> bytes:
        """A new picture of the main event's participant with a BIB, as a JPEG; another for each ``take``.

        Raises:
            LookupError: Nobody wears that BIB.
        """
        if bib not in self.bibs:
            raise LookupError(f"no participant of the sandbox wears BIB {bib!r}")
        return self._pictures().selfie(bib, take)

    def stranger_selfie(self, take: int = 0) -> bytes:
        """A picture of somebody who is not in the main event, as a JPEG."""
        return self._pictures().stranger(take)

    def assert_one_search_charged(self) -> None:
        """Fail unless exactly one selfie was matched and charged, however often it was sent.

        Raises:
            AssertionError: With the charges and the uploads that were seen.

        Example:
            >>> sb.assert_one_search_charged()
        """
        __tracebackhide__ = True
        assertions.one_search_charged(self.state, self.requests)

    def assert_nothing_uploaded_twice(self) -> None:
        """Fail if one picture was taken in under two request ids by the same endpoint and event.

        A retry under the same ``request_id`` is not an upload more.

        Raises:
            AssertionError: With each such charge.
        """
        __tracebackhide__ = True
        assertions.nothing_uploaded_twice(self.state)

    def assert_no_key_leaked(self) -> None:
        """Fail if the API key was sent to the photo host, or stood in an address or another header.

        Raises:
            AssertionError: With the paths of those requests.
        """
        __tracebackhide__ = True
        assertions.no_key_leaked(self.state)

    def _pictures(self) -> Pictures:
        if self._studio is None:
            raise RuntimeError("start the sandbox first")
        return self._studio.pictures(self.event)

    def _origin(self, place: int) -> str:
        if not self._origins:
            raise RuntimeError("start the sandbox first")
        return self._origins[place]

    def _adopt(self, seed: int, photos: int) -> None:
        for name, value in (("seed", seed), ("photos", photos)):
            object.__setattr__(self, name, value)  # past the check that is for those outside

    def _events_of(self, seed: int, photos: int) -> dict[int, Event]:
        """A seed's events; those at hand if they are, so that no picture is made twice."""
        if (seed, photos) == (self.seed, self.photos):
            return self.state.events
        return make_events(seed, photos, None if self.folder is None else self.event.gallery)

    async def _folder_gallery(self) -> Gallery | None:
        if self.folder is None:
            return None
        return await asyncio.to_thread(gallery_in, self.folder)

    def _new_state(self, main: Gallery | None) -> SandboxState:
        if main is None and self.folder is not None:
            raise RuntimeError("start the sandbox first: its folder has not been read yet")
        events = make_events(self.seed, self.photos, main)
        return SandboxState(self.seed, self.org_id, self.api_key, events, self.clip_seconds)

    async def _open(self, state: SandboxState, studio: Studio) -> None:
        """Open the photo host first: the API's replies hold its address."""
        sockets = self._sockets = _listen(self.host, self.port, self.photos_port)
        self._origins = [_origin_of(socket) for socket in sockets]
        secret = digest(self.seed, "links", size=32)
        links = Links(self.photos_url, secret, self.link_lifetime_s, self.dialect.link_keys)
        host = PhotoHost(state, studio, links, self.clock, self.faults, self.requests, self.dialect)
        desk = OriginalsDesk(links, self.missing_originals)
        endpoints = Endpoints(state, Wire(self.dialect, links), self.clock, desk, studio.match)
        api = ApiPort(endpoints, self.faults, self.requests, self.latency_s).app()
        description.add_to(api)
        if self.control:
            Control(self).add_to(api)
        for app, socket in zip((api, host.app()), sockets, strict=True):
            await self._serve(app, socket)

    async def _serve(self, app: web.Application, socket: Socket) -> None:
        self._handlers.watch(app)
        app.on_response_prepare.append(self._date)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=_STOP_S, handler_cancellation=True)
        self._runners.append(runner)
        await runner.setup()
        await web.SockSite(runner, socket).start()

    async def _date(self, _: web.Request, reply: web.StreamResponse) -> None:
        reply.headers["Date"] = formatdate(self.clock.now(), usegmt=True)


def _listen(host: str, *ports: int) -> list[Socket]:
    family = AF_INET6 if ":" in host else AF_INET
    sockets: list[Socket] = []
    try:
        for port in ports:
            sockets.append(create_server((host, port), family=family, backlog=1024))  # noqa: PERF401
    except OSError:
        for socket in sockets:
            socket.close()
        raise
    return sockets


def _origin_of(socket: Socket) -> str:
    host, port = socket.getsockname()[:2]
    if host in _FROM_HERE:
        host = _FROM_HERE[host]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
