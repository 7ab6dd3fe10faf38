"""A blocking client that is closed while a list or a job is under way."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from ninepic_async.sandbox import Sandbox
from ninepic_async.sync import APIConnectionError, Event, NinePic

from .reluctant import ReluctantServer

WALKS: dict[str, tuple[Callable[[Event], Iterator[object]], str | None]] = {
    "photos": (lambda event: iter(event.photos().pages()), None),
    "face_results": (lambda event: iter(event.face_results("r")), "r"),
    "clip_status": (lambda event: event.clip_job("r").updates(), "r"),
}
WAITS: dict[str, tuple[Callable[[Event], object], str | None, str]] = {
    "photos": (lambda event: list(event.photos()), None, "page=2"),
    "face_results": (lambda event: event.face_results("r").collect(), "r", "page=2"),
    "clip_status": (lambda event: event.clip_job("r").wait(), "r", "/video-clipping/"),
}


@pytest.mark.parametrize("endpoint", WALKS)
def test_a_list_that_is_being_read_ends_with_its_request_id(
    endpoint: str, reluctant: ReluctantServer
) -> None:
    walk, request_id = WALKS[endpoint]
    client = NinePic("key", 1, base_url=reluctant.base_url)
    items = walk(client.event(2))
    next(items)
    client.close()
    with pytest.raises(APIConnectionError, match="closed") as caught:
        next(items)
    assert (caught.value.endpoint, caught.value.request_id) == (endpoint, request_id)


@pytest.mark.parametrize("endpoint", WAITS)
def test_a_wait_ends_with_its_request_id(endpoint: str, reluctant: ReluctantServer) -> None:
    wait, request_id, asked = WAITS[endpoint]
    client = NinePic("key", 1, base_url=reluctant.base_url)
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(wait, client.event(2))
        reluctant.wait_until_asked(asked)
        client.close()
        with pytest.raises(APIConnectionError, match="closed") as caught:
            call.result(timeout=10)
    assert (caught.value.endpoint, caught.value.request_id) == (endpoint, request_id)


@pytest.mark.parametrize(
    ("method", "stalled"),
    [
        *(("memories", endpoint) for endpoint in ("face_search", "start_clips", "clip_status")),
        *(("clips", endpoint) for endpoint in ("start_clips", "clip_status")),
    ],
)
def test_an_upload_that_is_closed_under_way_can_be_picked_up(
    method: str, stalled: str, sandbox: Sandbox
) -> None:
    bib = sandbox.bibs[0]
    arguments = {"selfie": sandbox.selfie(bib), **({"clips": True} if method == "memories" else {})}
    sandbox.faults.add(endpoint=stalled, stall=True, after_work=True)
    client = NinePic(sandbox.api_key, sandbox.org_id, base_url=sandbox.base_url)
    charged = sandbox.state.searches_charged
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(getattr(client.event(sandbox.event_id), method), **arguments)
        give_up = time.monotonic() + 30
        while sandbox.faults.unused or sandbox.state.searches_charged == charged:
            assert time.monotonic() < give_up
            time.sleep(0.01)
        client.close()
        with pytest.raises(APIConnectionError, match="closed") as caught:
            call.result(timeout=10)
    assert (sandbox.event_id, caught.value.request_id) in sandbox.state.searches
