"""Steering a sandbox over HTTP, below ``/_sandbox``, for apps and tests in other processes and languages.

It answers this machine only, and no web page of another site. What is asked here is not in the request log
and meets no faults.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import orjson
from aiohttp import web
from attrs import asdict, frozen

from ninepic_async.sandbox.control.strict_json import BadJsonError, Problem, parse, read
from ninepic_async.sandbox.faults.effects import Handler
from ninepic_async.sandbox.faults.fault import Fault
from ninepic_async.sandbox.http.loopback import StrangerError, check_local
from ninepic_async.sandbox.snapshot import Snapshot

if TYPE_CHECKING:
    from ninepic_async.sandbox.server import Sandbox

PREFIX: Final = "/_sandbox"
T = TypeVar("T")
Answer = Callable[["Control", web.Request], Awaitable[object]]


@frozen(kw_only=True)
class NewSeed:
    """What to begin anew with."""

    seed: int | None = None
    photos: int | None = None


@frozen(kw_only=True)
class Advance:
    """How far to move the clock."""

    advance_s: float


@frozen(eq=False)
class Control:
    """The routes below ``/_sandbox``; each method answers one of them with what becomes JSON."""

    sandbox: Sandbox

    def add_to(self, app: web.Application) -> None:
        """Put the routes on the API's port, before and apart from all that watches the API itself."""
        for (method, path), answer in _ROUTES.items():
            app.router.add_route(method, PREFIX + path, self._handler(answer))
        app.middlewares.insert(0, self._apart)

    async def about(self, _: web.Request) -> object:
        """Where the sandbox is, how to get in, and whom to look for."""
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
        """Begin anew, with the same events."""
        self.sandbox.reset()
        return await self.about(request)

    async def seed(self, request: web.Request) -> object:
        """Begin anew, with events of another seed or another number of photos."""
        posted = read(NewSeed, parse(await request.read()))
        self.sandbox.reset(seed=posted.seed, photos=posted.photos)
        return await self.about(request)

    async def snapshot(self, _: web.Request) -> object:
        """What the sandbox remembers."""
        return self.sandbox.snapshot().as_json()

    async def restore(self, request: web.Request) -> object:
        """Remember what a snapshot holds."""
        self.sandbox.restore(read(Snapshot, parse(await request.read())))
        return await self.about(request)

    async def clock(self, _: web.Request) -> object:
        """The time it is in the sandbox."""
        return {"now": self.sandbox.clock.now()}

    async def advance(self, request: web.Request) -> object:
        """Let time pass at once."""
        posted = read(Advance, parse(await request.read()))
        self.sandbox.clock.advance(posted.advance_s)
        return await self.clock(request)

    async def faults(self, _: web.Request) -> object:
        """The faults, and how often each has struck."""
        listed = [
            {
                "fault": armed.fault.said,
                "struck": armed.struck,
                "used_up": armed.is_used_up,
                "missed": armed.missed,
            }
            for armed in self.sandbox.faults.armed
        ]
        return {"faults": listed, "used_up": not self.sandbox.faults.unused}

    async def add_faults(self, request: web.Request) -> object:
        """Add one fault, or a list of them: all or none."""
        posted = parse(await request.read())
        listed = isinstance(posted, list)
        each = enumerate(cast("list[object]", posted) if listed else [posted])
        faults = [read(Fault, fault, f"{place}" if listed else "") for place, fault in each]
        for fault in faults:
            self.sandbox.faults.add(fault)
        return await self.faults(request)

    async def clear_faults(self, request: web.Request) -> object:
        """Forget all faults."""
        self.sandbox.faults.clear()
        return await self.faults(request)

    async def requests(self, request: web.Request) -> object:
        """What was asked of both ports, oldest first; of one endpoint if the query names it."""
        endpoint = request.query.get("endpoint")
        records = [asdict(record) for record in self.sandbox.requests if endpoint in (None, record.endpoint)]
        return {"requests": records}

    async def clear_requests(self, request: web.Request) -> object:
        """Empty the log."""
        self.sandbox.requests.clear()
        return await self.requests(request)

    async def selfie(self, request: web.Request) -> object:
        """A new picture of whoever wears a BIB."""
        bib, take = request.match_info["bib"], _take(request)
        return _Jpeg(await asyncio.to_thread(self.sandbox.selfie, bib, take))

    async def stranger_selfie(self, request: web.Request) -> object:
        """A picture of somebody who is in no photo."""
        return _Jpeg(await asyncio.to_thread(self.sandbox.stranger_selfie, _take(request)))

    def _handler(self, answer: Answer) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                check_local(request)
                said = await answer(self, request)
            except StrangerError as error:
                return _refusal(403, str(error))
            except BadJsonError as error:
                return _refusal(400, str(error), *error.problems)
            except ValueError as error:
                return _refusal(400, str(error))
            except LookupError as error:
                return _refusal(404, str(error))
            except ImportError as error:  # Pillow is needed for pictures only
                return _refusal(501, str(error))
            return said.reply() if isinstance(said, _Jpeg) else _json(200, said)

        return handle

    @web.middleware
    async def _apart(self, request: web.Request, handler: Handler) -> web.StreamResponse:
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
    ("GET", "/clock"): Control.clock,
    ("POST", "/clock"): Control.advance,
    ("GET", "/faults"): Control.faults,
    ("POST", "/faults"): Control.add_faults,
    ("DELETE", "/faults"): Control.clear_faults,
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
    """Which of a person's pictures is wanted."""
    take = request.query.get("take", "0")
    if not (take.isascii() and take.isdecimal() and len(take) < 10):
        raise BadJsonError(Problem("query.take", "should be a whole number from 0"))
    return int(take)


def _refusal(status: int, message: str, *problems: Problem) -> web.Response:
    return _json(status, {"message": message, "problems": [asdict(problem) for problem in problems]})


def _json(status: int, said: object) -> web.Response:
    # Names of headers are of a kind of str, which orjson takes for keys only when told.
    body = orjson.dumps(said, default=_text, option=orjson.OPT_NON_STR_KEYS)
    return web.Response(status=status, body=body, content_type="application/json")


def _text(value: Any) -> object:
    """What JSON has no word for: a canned body of bytes."""
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
