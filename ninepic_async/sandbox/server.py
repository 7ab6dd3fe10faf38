"""The sandbox: its settings, how it starts and stops, and the members that tests read and change."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime
from os import PathLike
from types import TracebackType
from typing import Any, Self, TypeVar

from attrs import Attribute, Factory, define, field, setters
from attrs.validators import and_, ge, instance_of, le, lt, min_len, optional

from ninepic_async.sandbox.api import openapi
from ninepic_async.sandbox.api.app import ApiServer
from ninepic_async.sandbox.api.endpoints import Endpoints
from ninepic_async.sandbox.api.originals import SignedOriginals
from ninepic_async.sandbox.api.payloads import Payloads
from ninepic_async.sandbox.assertions import Assertions
from ninepic_async.sandbox.clock import Clock, RealClock
from ninepic_async.sandbox.control.access import Access, default_token
from ninepic_async.sandbox.control.routes import Control
from ninepic_async.sandbox.dialect import Dialect
from ninepic_async.sandbox.event_photos import EventPhotos, PhotoSource
from ninepic_async.sandbox.events import Event, api_key_of, make_events, org_id_of, unchanged
from ninepic_async.sandbox.faults import Fault, Faults
from ninepic_async.sandbox.http.called_host import remember_called_host
from ninepic_async.sandbox.http.loopback import is_local
from ninepic_async.sandbox.http.serving import Ports
from ninepic_async.sandbox.links import Links
from ninepic_async.sandbox.photo_changes import NewPhotos, with_drawn
from ninepic_async.sandbox.photo_host import PhotoHost
from ninepic_async.sandbox.pictures.factory import photos_in_folder
from ninepic_async.sandbox.pictures.interface import Pictures
from ninepic_async.sandbox.pictures.renderer import Renderer
from ninepic_async.sandbox.request_log import RequestLog
from ninepic_async.sandbox.seeded import digest
from ninepic_async.sandbox.snapshot import Snapshot, restore_snapshot, take_snapshot
from ninepic_async.sandbox.state import SandboxState

_SECONDS = and_(ge(0.0), lt(float("inf")))
T = TypeVar("T")


def _refuse_while_running(sandbox: Sandbox, setting: Attribute[Any], value: T) -> T:
    """Refuse a change that would have no effect on a running sandbox."""
    if setting.init and sandbox._ports.is_open:
        raise RuntimeError(f"this sandbox is running: set {setting.name} when you create it")
    return value


@define(eq=False, kw_only=True, on_setattr=[setters.validate, _refuse_while_running])
class Sandbox(Assertions):
    """A local copy of the hosted API, on the running event loop. Sandboxes share nothing.

    Use it as ``async with Sandbox(photos=500, seed=7) as sb``, or call `start` and `aclose`. While it runs,
    `reset` changes seed and photos; the other settings are fixed.

    Attributes:
        photos: How many photos are drawn for the main event.
        seed: The seed of all generated data: ids, BIBs, times, pictures.
        folder: Serve the JPEGs of this folder in the main event instead of drawn photos.
        dialect: The wording of replies.
        clock: The clock of link expiry, Motion progress, delays and throttles.
        latency_s: Seconds to wait, by ``clock``, before each reply of the API.
        clip_seconds: Seconds from the start of a Motion job to its end.
        link_lifetime_s: Seconds that a signed link is valid.
        missing_originals: Share of photos (0 to 1) without an original.
        host: Address to listen on.
        port: Port of the API; 0 picks a free one.
        photos_port: Port of the photo host; 0 picks a free one.
        control: Let other processes control the sandbox over HTTP, below ``/_sandbox``.
        control_token: Token that control requests must send as ``Authorization: Bearer``. Requests with it
            are accepted from all machines. None: only this machine may control the sandbox. By default, a
            token is generated if ``host`` is not loopback.
        faults: Faults to apply, in order.
        requests: The requests to both ports, oldest first.

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
    control_token: str | None = field(
        default=Factory(lambda self: default_token(self.host, self.control), takes_self=True),
        validator=optional(and_(instance_of(str), min_len(1))),
        repr=False,
    )
    faults: Faults = field(factory=Faults, init=False)
    _account: int = field(default=Factory(lambda self: self.seed, takes_self=True), init=False)
    requests: RequestLog = field(
        default=Factory(lambda self: RequestLog(self.api_key), takes_self=True), init=False
    )
    _state: SandboxState | None = field(default=None, init=False)
    _renderer: Renderer | None = field(default=None, init=False)
    _ports: Ports = field(factory=Ports, init=False)

    async def start(self) -> Self:
        """Open both ports.

        Raises:
            FolderError: The folder is missing, has no readable JPEGs, or its ``bibs.csv`` is malformed.
            OSError: A port is taken.
            RuntimeError: The sandbox is running.
        """
        if self._ports.is_open:
            raise RuntimeError("this sandbox is running already")
        self._state = state = self._new_state(await self._read_folder())
        self._renderer = renderer = Renderer()
        try:
            await self._open(state, renderer)
        except BaseException:
            await self.aclose()
            raise
        return self

    async def aclose(self) -> None:
        """Close both ports. State, log and addresses can be read after that."""
        await self._ports.aclose()
        if self._renderer is not None:
            self._renderer.close()

    def throttle(
        self, rate: float | None, burst: int | None = None, *, retry_after: int | None = None
    ) -> None:
        """Throttle the whole API, as its gateway does. Call it again to change the rate.

        Requests beyond the throttle get a 429. Throttles of one endpoint or of the photo host are faults:
        ``sb.faults.add(endpoint="photo", rate=20, status=503)``.

        Args:
            rate: Requests a second on average, by the sandbox's clock; None removes the throttle.
            burst: Requests that pass at the same moment; None: one second's worth.
            retry_after: Whole seconds in the ``Retry-After`` header of the 429; None: no such header.

        Raises:
            FaultError: A value is impossible.

        Example:
            >>> sb.throttle(rate=50, burst=5)
            >>> sb.throttle(None)
        """
        fault = None if rate is None else Fault(rate=rate, burst=burst, retry_after=retry_after)
        self.faults.throttle_gateway(fault, self.clock.now())

    def reset(self, *, seed: int | None = None, photos: int | None = None) -> None:
        """Forget searches, jobs, charges, faults, throttle and log; optionally change the events.

        The key, the organisation, the addresses and the clock stay the same, so that clients can continue.

        Args:
            seed: The new seed of events, BIBs, ids and pictures; None keeps it.
            photos: How many photos to draw for the main event; None keeps the number.

        Raises:
            ValueError: ``photos`` is negative, or the photos come from a folder. Nothing is changed.
        """
        if photos is not None and self.folder is not None:
            raise ValueError("photos: can't be set, since this sandbox serves the photos of a folder")
        if photos is not None and photos < 0:
            raise ValueError("photos: must be 0 or more")
        seed = self.seed if seed is None else seed
        photos = self.photos if photos is None else photos
        self.state.reset(seed, self._events_of(seed, photos))
        self._set_seed_and_photos(seed, photos)
        self.faults.clear()
        self.throttle(None)
        self.requests.clear()

    def snapshot(self) -> Snapshot:
        """Return the current state: searches, Motion jobs and charges, but no faults and no log."""
        photos = self.photos if self.folder is None else None
        return take_snapshot(self.state, photos, self.clock.now())

    def restore(self, taken: Snapshot) -> None:
        """Restore a snapshot; faults and log stay. Motion jobs continue from their age in the snapshot.

        Raises:
            ValueError: The snapshot contradicts itself, or only one of the two has photos from a folder.
                Nothing is changed.
        """
        if (taken.photos is None) != (self.folder is not None):
            raise ValueError(
                "photos: the snapshot is of drawn photos and this sandbox has a folder, or the reverse"
            )
        photos = self.photos if taken.photos is None else taken.photos
        restore_snapshot(taken, self.state, self._events_of(taken.seed, photos), self.clock.now())
        self._set_seed_and_photos(taken.seed, photos)

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    @property
    def base_url(self) -> str:
        """Return the origin of the API, without a slash at the end."""
        return self._origin(0)

    @property
    def photos_url(self) -> str:
        """Return the origin of the photo host."""
        return self._origin(1)

    @property
    def api_key(self) -> str:
        """Return the key that the API accepts."""
        return api_key_of(self._account)

    @property
    def org_id(self) -> int:
        """Return the organisation of the key."""
        return org_id_of(self._account)

    @property
    def event_id(self) -> int:
        """Return the id of the main event. All features of this event are on."""
        return self.event.event_id

    @property
    def event(self) -> Event:
        """Return the main event."""
        return self.events[0]

    @property
    def events(self) -> Sequence[Event]:
        """Return all events, in the order of List Events."""
        return tuple(self.state.events.values())

    @property
    def bibs(self) -> Sequence[str]:
        """Return the BIBs of the main event."""
        return self.event.gallery.bibs

    @property
    def state(self) -> SandboxState:
        """Return searches, jobs, charges and leaked keys so far."""
        if self._state is None:
            self._state = self._new_state(None)
        return self._state

    @property
    def participants(self) -> Sequence[str]:
        """Return the BIBs of all participants of the main event, with or without photos."""
        return self.event.gallery.source.participants

    @property
    def left_out(self) -> Sequence[str]:
        """Return one line for each file of the folder that is not served, with the reason."""
        return self.event.gallery.source.left_out

    def add_photos(
        self,
        count: int | None = None,
        *,
        bib: str | None = None,
        taken_at: datetime | None = None,
        timed: bool = True,
    ) -> Sequence[str]:
        """Add photos to the main event; lists stay ordered by capture time, cached searches stay as they are.

        With a folder, add the JPEGs that were copied into it since. Arguments are refused then.

        Args:
            count: How many photos to draw; None: 1.
            bib: BIB of the runner in front; None: any runner.
            taken_at: Capture time, aware; None: a time from the event's hours, generated from the seed.
            timed: Whether the photos have a capture time.

        Returns:
            The ids of the new photos.

        Raises:
            ValueError: An argument is impossible, contradicts another, or is given together with a folder.
            LookupError: No participant has the BIB.
            FolderError: The folder can't be read any more.
            RuntimeError: The sandbox is not running.

        Example:
            >>> image_ids = sb.add_photos(3, bib=sb.bibs[0])
            >>> sb.remove_photos(image_ids)
        """
        self._check_running()
        photos = self.event.gallery
        if self.folder is None:
            new = NewPhotos(1 if count is None else count, bib, taken_at, timed)
            changed = with_drawn(photos, new)
        elif (count, bib, taken_at, timed) == (None, None, None, True):
            changed = EventPhotos(photos_in_folder(self.folder, photos.source), (), photos.removed)
        else:
            raise ValueError("with a folder, add_photos takes no arguments: copy files into the folder first")
        self.state.change_main_event(changed)
        return changed.ids_beyond(photos)

    def remove_photos(self, image_ids: Iterable[str]) -> None:
        """Remove photos from the main event; cached searches still list them.

        Args:
            image_ids: The ids of the photos, or one id.

        Raises:
            LookupError: An id is unknown. Nothing is removed.
            RuntimeError: The sandbox is not running.
        """
        self._check_running()
        ids = [image_ids] if isinstance(image_ids, str) else image_ids
        self.state.change_main_event(self.event.gallery.without(ids))

    def selfie(self, bib: str, take: int = 0) -> bytes:
        """Return a selfie of the main event's participant with a BIB, as a JPEG; each ``take`` differs.

        Raises:
            LookupError: No participant has that BIB.
        """
        if bib not in self.participants:
            raise LookupError(f"no participant of the main event has BIB {bib!r}")
        return self._pictures().selfie(bib, take)

    def stranger_selfie(self, take: int = 0) -> bytes:
        """Return a selfie of somebody who is not in the main event, as a JPEG."""
        return self._pictures().stranger(take)

    def _check_running(self) -> None:
        if not self._ports.is_open:
            raise RuntimeError("this sandbox is not running: start the sandbox first")

    def _pictures(self) -> Pictures:
        if self._renderer is None:
            raise RuntimeError("this sandbox is not running: start the sandbox first")
        return self._renderer.pictures(self.event)

    def _origin(self, place: int) -> str:
        if not self._ports.origins:
            raise RuntimeError("this sandbox is not running: start the sandbox first")
        return self._ports.origins[place]

    def _set_seed_and_photos(self, seed: int, photos: int) -> None:
        for name, value in (("seed", seed), ("photos", photos)):
            object.__setattr__(self, name, value)  # the setter refuses changes while the sandbox runs

    def _events_of(self, seed: int, photos: int) -> dict[int, Event]:
        """Return a seed's original events; reuse the current ones, with their pictures, if possible."""
        if (seed, photos) == (self.seed, self.photos):
            return unchanged(self.state.events)
        return make_events(seed, photos, None if self.folder is None else self.event.gallery.source)

    async def _read_folder(self) -> PhotoSource | None:
        if self.folder is None:
            return None
        return await asyncio.to_thread(photos_in_folder, self.folder)

    def _new_state(self, main: PhotoSource | None) -> SandboxState:
        if main is None and self.folder is not None:
            raise RuntimeError("start the sandbox first: its folder has not been read yet")
        events = make_events(self.seed, self.photos, main)
        return SandboxState(self.seed, self.org_id, self.api_key, events, self.clip_seconds)

    async def _open(self, state: SandboxState, renderer: Renderer) -> None:
        self._ports.listen(self.host, self.port, self.photos_port)
        secret = digest(self.seed, "links", size=32)
        links = Links(self.photos_url, secret, self.link_lifetime_s, self.dialect.link_keys)
        host = PhotoHost(state, renderer, links, self.clock, self.faults, self.requests, self.dialect)
        originals = SignedOriginals(links, self.missing_originals)
        endpoints = Endpoints(state, Payloads(self.dialect, links), self.clock, originals, renderer.match)
        api = ApiServer(endpoints, self.faults, self.requests, self.latency_s).app()
        if not is_local(self.host):
            api.middlewares.append(remember_called_host)
        openapi.add_to(api)
        if self.control:
            Control(self, Access(self.control_token)).add_to(api)
        await self._ports.serve(self.clock, api, host.app())
