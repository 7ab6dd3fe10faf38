"""Other wordings of the API."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import ClientSession

from ninepic_async.sandbox import ClipWords, Dialect, ManualClock, Sandbox
from tests.sandbox.raw_client import Api

Speak = Callable[[Dialect], Coroutine[Any, Any, Api]]


@pytest.fixture
async def speak(session: ClientSession) -> AsyncIterator[Speak]:
    async with AsyncExitStack() as stack:

        async def start(dialect: Dialect) -> Api:
            sandbox = Sandbox(photos=40, dialect=dialect, clock=ManualClock())
            return Api(await stack.enter_async_context(sandbox), session)

        yield start


async def test_flat(speak: Speak) -> None:
    api = await speak(Dialect(flat=True))
    ping = await api.get("/ping")
    assert ping.body == {"status": "ok", "org_id": api.sandbox.org_id, "event_id": api.sandbox.event_id}
    assert set((await api.get("/images")).body) == {"images", "pagination"}
    originals = await api.post("/original-photos", {"method": "bib", "identifier": api.sandbox.bibs[0]})
    assert "message" in originals.body
    assert (await api.get("/images", page=0)).refusal[0] == 422


async def test_misspelt(speak: Speak) -> None:
    api = await speak(Dialect(misspelt=True))
    photo = (await api.get("/images")).data["images"][0]
    assert set(photo) == {"img_url", "height", "widht", "image_id", "thumbanail_url", "orginal_url"}


async def test_without_late_flags(speak: Speak) -> None:
    details = (await (await speak(Dialect(late_flags=False))).get("/details")).data
    assert details["bib_search"] is True
    assert not {"video_search", "video_selfie_search", "timeline_search"} & set(details)


async def test_other_selfie_field(speak: Speak) -> None:
    api = await speak(Dialect(selfie_field="file"))
    selfie = api.sandbox.selfie(api.sandbox.bibs[0])
    assert (await api.upload("/faces", selfie)).refusal == (422, "body.file: Field required")
    assert (await api.upload("/faces", selfie, field="file")).data["images"]


async def test_unknown_request_ids_are_refused(speak: Speak) -> None:
    api = await speak(Dialect(adopts_request_ids=False))
    selfie = api.sandbox.selfie(api.sandbox.bibs[0])
    assert (await api.upload("/faces", selfie, str(uuid4()))).refusal == (404, "request_id not found")
    assert api.sandbox.state.searches_charged == 0
    request_id = (await api.upload("/faces", selfie)).data["request_id"]
    assert (await api.upload("/faces", selfie, request_id)).data["request_id"] == request_id
    assert api.sandbox.state.searches_charged == 1


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "request_id not found"),
        (404, "request_id not found"),
        (422, "body.request_id: request_id not found"),
    ],
)
@pytest.mark.parametrize("path", ["/faces", "/video-clipping/search-by-selfie"])
async def test_refusals_of_unknown_request_ids(speak: Speak, path: str, status: int, message: str) -> None:
    api = await speak(Dialect(adopts_request_ids=False, unknown_request_id_status=status))
    selfie = api.sandbox.selfie(api.sandbox.bibs[0])
    assert (await api.upload(path, selfie, str(uuid4()))).refusal == (status, message)
    assert api.sandbox.state.searches_charged == 0


async def test_ignored_request_ids(speak: Speak) -> None:
    api = await speak(Dialect(ignores_request_ids=True))
    selfie, own = api.sandbox.selfie(api.sandbox.bibs[0]), str(uuid4())
    minted = (await api.upload("/faces", selfie, own)).data["request_id"]
    assert minted != own
    assert (await api.get(f"/faces/{own}")).status == 404
    assert (await api.upload("/faces", selfie, minted)).data["request_id"] == minted
    assert api.sandbox.state.searches_charged == 1


async def test_unknown_bib_is_not_found(speak: Speak) -> None:
    api = await speak(Dialect(unknown_bib_status=404))
    assert (await api.get("/bibs/nobody")).refusal == (404, "BIB number nobody not found for this event")
    assert (await api.get(f"/bibs/{api.sandbox.bibs[0]}")).status == 200


async def test_other_motion_words_and_keys(speak: Speak) -> None:
    dialect = Dialect(
        clip_words=ClipWords(queued="PENDING", completed="Ready"),
        clip_status_key="state",
        clip_list_key="videos",
        clip_url_key="url",
    )
    api = await speak(dialect)
    path = "/video-clipping/search-by-selfie"
    started = (await api.upload(path, api.sandbox.selfie(api.sandbox.bibs[0]))).data
    assert (started["state"], started["videos"]) == ("PENDING", [])
    api.clock.advance(2)
    done = (await api.get(f"/video-clipping/{started['request_id']}")).data
    assert done["state"] == "Ready"
    assert done["videos"][0]["url"].endswith(".mp4")


async def test_bare_clips(speak: Speak) -> None:
    api = await speak(Dialect(bare_clips=True))
    path = "/video-clipping/search-by-selfie"
    request_id = (await api.upload(path, api.sandbox.selfie(api.sandbox.bibs[0]))).data["request_id"]
    api.clock.advance(2)
    clips = (await api.get(f"/video-clipping/{request_id}")).data["clips"]
    assert all(isinstance(clip, str) for clip in clips)
