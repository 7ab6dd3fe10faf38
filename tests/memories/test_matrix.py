"""Each part off, fine, slow or failing, in both faces, and calls that are cancelled under way."""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from itertools import product
from typing import Any, Literal

import pytest
from aiohttp import web
from attrs import define, field, frozen

import ninepic_async.sync
from ninepic_async import (
    APITimeoutError,
    FeatureDisabledError,
    InternalServerError,
    Memories,
    NinePic,
    NinePicError,
    RetryPolicy,
)
from ninepic_async.errors import CallError
from tests.canned import details, images, pagination

State = Literal["off", "fine", "slow", "failing"]
STATES: tuple[State, ...] = ("off", "fine", "slow", "failing")
JPEG = b"\xff\xd8\xff a selfie"
TIMEOUT_S = 6.0
"""Enough for all that answers, on a machine that is busy."""
SETTINGS: dict[str, Any] = {
    "api_key": "key",
    "org_id": 903,
    "retry": RetryPolicy(attempts=2, initial_s=0.01, max_s=0.02),
    "max_concurrency": 500,
}
UUID = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
FEW = pagination(2, 1, 100)


@frozen
class Case:
    """How each part of one event is."""

    bib: State
    selfie: State
    clips: State

    @property
    def event_id(self) -> int:
        return 1 + CASES.index(self)

    def outcome(self) -> dict[str, str]:
        """Return the state that each part must end in."""
        ends = {"off": "off", "fine": "done", "slow": "failed", "failing": "failed"}
        clips = self.clips
        if "off" in (self.selfie, clips):
            clips = "off"
        elif self.selfie != "fine":
            clips = "failing"
        return {"bib": ends[self.bib], "selfie": ends[self.selfie], "clips": ends[clips]}


CASES = [Case(*states) for states in product(STATES, repeat=3)]


@define
class Service:
    """Answers for each event as its case says. Slow parts are not answered at all."""

    base_url: str = ""
    uploads: defaultdict[int, set[str]] = field(factory=lambda: defaultdict(set))
    """The ids of the searches of each event: one for each charge."""
    waiting: int = 0
    late: asyncio.Event = field(factory=asyncio.Event)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        match = re.fullmatch(r"/api/v1/ext/903/event/(\d+)/([^/]+)(?:/.*)?", request.path)
        assert match is not None
        case = CASES[int(match[1]) - 1]
        return await self.answer(request, case, match[2])

    async def answer(self, request: web.Request, case: Case, what: str) -> web.StreamResponse:
        if what == "details":
            on = {"bib_search": case.bib != "off", "selfie_search": case.selfie != "off"}
            return self.reply(details(**on, video_selfie_search=case.clips != "off"))
        if what == "bibs":
            return await self.part(case.bib, images("ab", FEW))
        if what == "faces":
            name = await self.id_in(request)
            self.uploads[case.event_id].add(name)
            return await self.part(case.selfie, {"request_id": name, **images("bc", FEW)})
        name = await self.id_in(request)
        clips = [{"clip_url": "https://clips.9pic.ai/1.mp4", "video_id": "v1"}]
        return await self.part(case.clips, {"request_id": name, "status": "completed", "clips": clips})

    async def id_in(self, request: web.Request) -> str:
        """Return the request_id in a request's form or path."""
        found = UUID.findall((await request.read()).decode("latin-1") + request.path)
        return str(found[0])

    async def part(self, state: State, data: dict[str, Any]) -> web.StreamResponse:
        if state == "slow":
            self.waiting += 1
            self.late.set()
            try:
                await asyncio.Event().wait()
            finally:
                self.waiting -= 1
        if state == "failing":
            body = {"responseType": "error", "message": "no", "data": None}
            return web.json_response(body, status=500)
        return self.reply(data)

    def reply(self, data: dict[str, Any]) -> web.Response:
        return web.json_response({"responseType": "success", "message": "fine", "data": data})


@asynccontextmanager
async def serving(service: Service) -> AsyncIterator[Service]:
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", service.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=500).start()
    service.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield service
    finally:
        await runner.cleanup()


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    async with serving(Service()) as running:
        yield running


WANTED: dict[str, Any] = {"bib": "1234", "selfie": JPEG, "clips": True, "timeout": TIMEOUT_S}
Ended = Memories | NinePicError


async def with_asyncio(service: Service) -> list[Ended]:
    async with NinePic(base_url=service.base_url, **SETTINGS) as client:
        calls = [client.event(case.event_id).memories(**WANTED) for case in CASES]
        ended = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(each, (Memories, NinePicError)) for each in ended), ended
    return [each for each in ended if isinstance(each, (Memories, NinePicError))]


def blocking(client: ninepic_async.sync.NinePic, case: Case) -> Ended:
    try:
        return client.event(case.event_id).memories(**WANTED)
    except NinePicError as error:
        return error


async def with_threads(service: Service) -> list[Ended]:
    def run() -> Iterator[Ended]:
        with (
            ninepic_async.sync.NinePic(base_url=service.base_url, **SETTINGS) as client,
            ThreadPoolExecutor(len(CASES)) as threads,
        ):
            yield from threads.map(partial(blocking, client), CASES)

    return await asyncio.to_thread(lambda: list(run()))


def check(case: Case, ended: Ended, searches: set[str]) -> None:
    """Check how a case ended."""
    outcome = case.outcome()
    assert len(searches) == (0 if case.selfie == "off" else 1), "charged once"
    search = next(iter(searches), None)
    if set(outcome.values()) == {"off"}:
        assert isinstance(ended, FeatureDisabledError)
        return
    if "done" not in outcome.values():
        failing = "failing" in (case.bib, case.selfie)
        kind: type[CallError] = InternalServerError if failing else APITimeoutError
        assert isinstance(ended, kind)
        assert ended.request_id == search
        return
    assert isinstance(ended, Memories)
    assert {name: part.state for name, part in ended.parts.items()} == outcome
    assert ended.request_id == search
    assert {part.request_id for part in ended.parts.values()} == {search}
    ids = {"a", "b"} if case.bib == "fine" else set()
    ids |= {"b", "c"} if case.selfie == "fine" else set()
    assert {photo.image_id.removeprefix("photo-") for photo in ended} == ids
    assert len(ended.clips) == (outcome["clips"] == "done")
    check_errors(case, ended)


def check_errors(case: Case, ended: Memories) -> None:
    kinds: dict[str, type[CallError]] = {"slow": APITimeoutError, "failing": InternalServerError}
    for name, part in ended.parts.items():
        assert (part.error is not None) == (part.state == "failed")
        if part.error is not None and not (name == "clips" and case.selfie != "fine"):
            assert isinstance(part.error, kinds[getattr(case, name)])
            assert part.error.request_id == ended.request_id
    if ended.parts["clips"].state == "failed" and case.selfie != "fine":
        assert ended.parts["clips"].error is ended.parts["selfie"].error


@pytest.mark.parametrize("face", [with_asyncio, with_threads])
async def test_every_combination(service: Service, face: Any) -> None:
    begun = asyncio.get_running_loop().time()
    ended = await face(service)
    assert asyncio.get_running_loop().time() - begun < 3 * TIMEOUT_S
    for case, each in zip(CASES, ended, strict=True):
        try:
            check(case, each, service.uploads[case.event_id])
        except AssertionError as error:
            error.add_note(f"{case}: {each!r}")
            raise


SLOW = [case for case in CASES if "slow" in (case.bib, case.selfie)]


async def nobody_waits(service: Service) -> None:
    async with asyncio.timeout(TIMEOUT_S):
        while service.waiting:  # noqa: ASYNC110 (the server notices on its own time)
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("case", SLOW, ids=lambda case: str(case.event_id))
async def test_cancelled_while_a_part_is_under_way_it_leaves_nothing(service: Service, case: Case) -> None:
    async with NinePic(base_url=service.base_url, **SETTINGS) as client:
        running = asyncio.ensure_future(client.event(case.event_id).memories(**WANTED))
        await service.late.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        await nobody_waits(service)
        assert not [task for task in asyncio.all_tasks() if "memories" in repr(task.get_coro())]


@pytest.mark.parametrize("case", SLOW, ids=lambda case: str(case.event_id))
async def test_a_blocking_client_that_closes_ends_it(service: Service, case: Case) -> None:
    with ninepic_async.sync.NinePic(base_url=service.base_url, **SETTINGS) as client:
        running = asyncio.ensure_future(asyncio.to_thread(blocking, client, case))
        await service.late.wait()
        await asyncio.to_thread(client.close)
        ended = await running
    assert isinstance(ended, CallError)
    if case.selfie == "slow" and case.bib != "slow":  # the upload was under way
        assert {ended.request_id} == service.uploads[case.event_id]
    await nobody_waits(service)
