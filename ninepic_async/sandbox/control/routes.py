"""Control a sandbox over HTTP, below ``/_sandbox``, from other processes and languages.

Without a token, it accepts requests from this machine only, and refuses pages of other sites. With a token,
it accepts all requests that have it. Control requests are not in the request log and get no faults.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Final, TypeVar, cast

import orjson
from aiohttp import web
from attrs import asdict, frozen

from ninepic_async.sandbox.control.access import Access, UnauthorizedError
from ninepic_async.sandbox.control.controlled import Controlled
from ninepic_async.sandbox.control.strict_json import BadJsonError, Problem, parse, read
from ninepic_async.sandbox.faults.fault import Fault
from ninepic_async.sandbox.http.handlers import Handler
from ninepic_async.sandbox.http.loopback import ForbiddenError
from ninepic_async.sandbox.snapshot import Snapshot

PREFIX: Final = "/_sandbox"
T = TypeVar("T")
Answer = Callable[["Control", web.Request], Awaitable[object]]


@frozen(kw_only=True)
class NewSeed:
    """The body of ``POST /seed``."""

    seed: int | None = None
    photos: int | None = None


@frozen(kw_only=True)
class Advance:
    """The body of ``POST /clock``."""

    advance_s: float


@frozen(kw_only=True)
class AddedPhotos:
    """The body of ``POST /photos``; ``taken_at`` is ISO 8601 with an offset."""

    count: int | None = None
    bib: str | None = None
    taken_at: str | None = None
    timed: bool = True


@frozen(kw_only=True)
class RemovedPhotos:
    """The body of ``DELETE /photos``."""

    image_ids: tuple[str, ...]


@frozen(kw_only=True)
class NewThrottle:
    """The body of ``PUT /throttle``."""

    rate: float
    burst: int | None = None
    retry_after: int | None = None


@frozen(eq=False)
class Control:
    """The routes below ``/_sandbox``. Each method returns a reply as a JSON value."""

    sandbox: Controlled
    access: Access

    def add_to(self, app: web.Application) -> None:
        """Add the routes to the API's application. Requests to them are not logged and get no faults."""
        for (method, path), answer in _ROUTES.items():
            app.router.add_route(method, PREFIX + path, self._handler(answer))
        app.middlewares.insert(0, self._route)

    async def about(self, _: web.Request) -> object:
        """Return the addresses, the credentials, the main event and its BIBs."""
        sandbox = self.sandbox
        return {
            "base_url": sandbox.base_url,
            "photos_url": sandbox.photos_url,
            "api_key": sandbox.api_key,
            "org_id": sandbox.org_id,
            "event_id": sandbox.event_id,
            "bibs": list(sandbox.bibs),
            "seed": sandbox.seed,
            "photos": sandbox.event.gallery.total,
        }

    async def reset(self, request: web.Request) -> object:
        """Reset the sandbox; keep the events."""
        self.sandbox.reset()
        return await self.about(request)

    async def seed(self, request: web.Request) -> object:
        """Reset the sandbox with another seed or number of photos."""
        posted = read(NewSeed, parse(await request.read()))
        self.sandbox.reset(seed=posted.seed, photos=posted.photos)
        return await self.about(request)

    async def snapshot(self, _: web.Request) -> object:
        """Return a snapshot of the state."""
        return self.sandbox.snapshot().as_json()

    async def restore(self, request: web.Request) -> object:
        """Restore a snapshot."""
        self.sandbox.restore(read(Snapshot, parse(await request.read())))
        return await self.about(request)

    async def add_photos(self, request: web.Request) -> object:
        """Add photos to the main event; return their ids."""
        body = await request.read()
        posted = read(AddedPhotos, parse(body) if body else {})
        taken_at = None if posted.taken_at is None else _capture_time(posted.taken_at)

        def add() -> object:
            return self.sandbox.add_photos(
                posted.count, bib=posted.bib, taken_at=taken_at, timed=posted.timed
            )

        return {"added": await asyncio.to_thread(add), "photos": self.sandbox.event.gallery.total}

    async def remove_photos(self, request: web.Request) -> object:
        """Remove photos from the main event."""
        posted = read(RemovedPhotos, parse(await request.read()))
        self.sandbox.remove_photos(posted.image_ids)
        return {"photos": self.sandbox.event.gallery.total}

    async def clock(self, _: web.Request) -> object:
        """Return the sandbox's time."""
        return {"now": self.sandbox.clock.now()}

    async def advance(self, request: web.Request) -> object:
        """Move the clock forward."""
        posted = read(Advance, parse(await request.read()))
        self.sandbox.clock.advance(posted.advance_s)
        return await self.clock(request)

    async def faults(self, _: web.Request) -> object:
        """Return the faults and how often each has struck."""
        listed = [
            {
                "fault": armed.fault.given,
                "struck": armed.struck,
                "used_up": armed.is_used_up,
                "missed": armed.missed,
            }
            for armed in self.sandbox.faults.armed
        ]
        return {"faults": listed, "used_up": not self.sandbox.faults.unused}

    async def add_faults(self, request: web.Request) -> object:
        """Add one fault, or a list of faults. If one is invalid, add none."""
        posted = parse(await request.read())
        listed = isinstance(posted, list)
        each = enumerate(cast("list[object]", posted) if listed else [posted])
        faults = [read(Fault, fault, f"{place}" if listed else "") for place, fault in each]
        for fault in faults:
            self.sandbox.faults.add(fault)
        return await self.faults(request)

    async def clear_faults(self, request: web.Request) -> object:
        """Remove all faults."""
        self.sandbox.faults.clear()
        return await self.faults(request)

    async def throttle(self, _: web.Request) -> object:
        """Return the throttle of the whole API and its counts, or null."""
        gateway = self.sandbox.faults.gateway
        if gateway is None:
            return {"throttle": None}
        counts = {"requests": gateway.matched, "refused": gateway.struck}
        return {"throttle": gateway.fault.given | counts}

    async def set_throttle(self, request: web.Request) -> object:
        """Set or change the throttle of the whole API."""
        posted = read(NewThrottle, parse(await request.read()))
        self.sandbox.throttle(posted.rate, posted.burst, retry_after=posted.retry_after)
        return await self.throttle(request)

    async def remove_throttle(self, request: web.Request) -> object:
        """Remove the throttle of the whole API."""
        self.sandbox.throttle(None)
        return await self.throttle(request)

    async def requests(self, request: web.Request) -> object:
        """Return the requests to both ports, oldest first; ``?endpoint=`` selects one endpoint."""
        endpoint = request.query.get("endpoint")
        records = [asdict(record) for record in self.sandbox.requests if endpoint in (None, record.endpoint)]
        return {"requests": records}

    async def clear_requests(self, request: web.Request) -> object:
        """Clear the log."""
        self.sandbox.requests.clear()
        return await self.requests(request)

    async def selfie(self, request: web.Request) -> object:
        """Return a selfie of the participant with a BIB."""
        bib, take = request.match_info["bib"], _take(request)
        return _Jpeg(await asyncio.to_thread(self.sandbox.selfie, bib, take))

    async def stranger_selfie(self, request: web.Request) -> object:
        """Return a selfie of somebody who is in no photo."""
        return _Jpeg(await asyncio.to_thread(self.sandbox.stranger_selfie, _take(request)))

    def _handler(self, answer: Answer) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                self.access.check(request)
                result = await answer(self, request)
            except UnauthorizedError as error:
                return _refusal(401, str(error))
            except ForbiddenError as error:
                return _refusal(403, str(error))
            except BadJsonError as error:
                return _refusal(400, str(error), *error.problems)
            except ValueError as error:
                return _refusal(400, str(error))
            except LookupError as error:
                return _refusal(404, str(error))
            except ImportError as error:  # selfies need Pillow, which is optional
                return _refusal(501, str(error))
            return result.reply() if isinstance(result, _Jpeg) else _json(200, result)

        return handle

    @web.middleware
    async def _route(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.startswith(f"{PREFIX}/") and request.path != PREFIX:
            return await handler(request)
        try:
            return await request.match_info.handler(request)
        except web.HTTPException as refusal:
            return _refusal(refusal.status, f"{request.method} {request.path}: {refusal.reason}")


_ROUTES: Final[dict[tuple[str, str], Answer]] = {
    ("GET", ""): Control.about,
    ("POST", "/reset"): Control.reset,
    ("POST", "/seed"): Control.seed,
    ("GET", "/snapshot"): Control.snapshot,
    ("PUT", "/snapshot"): Control.restore,
    ("POST", "/photos"): Control.add_photos,
    ("DELETE", "/photos"): Control.remove_photos,
    ("GET", "/clock"): Control.clock,
    ("POST", "/clock"): Control.advance,
    ("GET", "/faults"): Control.faults,
    ("POST", "/faults"): Control.add_faults,
    ("DELETE", "/faults"): Control.clear_faults,
    ("GET", "/throttle"): Control.throttle,
    ("PUT", "/throttle"): Control.set_throttle,
    ("DELETE", "/throttle"): Control.remove_throttle,
    ("GET", "/requests"): Control.requests,
    ("DELETE", "/requests"): Control.clear_requests,
    ("GET", "/selfie/{bib}"): Control.selfie,
    ("GET", "/stranger-selfie"): Control.stranger_selfie,
}


@frozen
class _Jpeg:
    content: bytes

    def reply(self) -> web.Response:
        return web.Response(body=self.content, content_type="image/jpeg")


def _take(request: web.Request) -> int:
    """Return the number of the requested selfie; each person has many."""
    take = request.query.get("take", "0")
    if not (take.isascii() and take.isdecimal() and len(take) < 10):
        raise BadJsonError(Problem("query.take", "should be a whole number from 0"))
    return int(take)


def _capture_time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        problem = "should be ISO 8601, such as 2026-01-17T06:30:00+05:30"
        raise BadJsonError(Problem("taken_at", problem)) from None


def _refusal(status: int, message: str, *problems: Problem) -> web.Response:
    return _json(status, {"message": message, "problems": [asdict(problem) for problem in problems]})


def _json(status: int, value: object) -> web.Response:
    # Header names are a subclass of str: orjson accepts those as keys only with this option.
    body = orjson.dumps(value, default=_text, option=orjson.OPT_NON_STR_KEYS)
    return web.Response(status=status, body=body, content_type="application/json")


def _text(value: Any) -> object:
    """Return bytes as text, since JSON has no bytes."""
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
