"""vcrpy can record what a client sends and gets, and play it back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import vcr  # type: ignore[import-untyped]

from ninepic_async import NinePic, PresignedUrlItem, RetryPolicy
from tests.canned import EVENT_ID, KEY, ORG_ID, images, pagination, reply
from tests.raw_server import server

SELFIE = b"\xff\xd8\xff" + bytes(2_000_000)
FACES = {"request_id": "r", "confidence_percentage": 90, **images([1, 2], pagination(2, 1, 2))}
LINKS = {
    "presigned_urls": [{"url": "https://photos.example/1.jpg?sig=1", "filename": "1.jpg"}],
    "failed_urls": [],
    "pagination": pagination(1, 1, 60),
}


async def serve(number: int, request: bytes, writer: Any) -> None:
    body = reply(LINKS if b"original-photos" in request[:200] else FACES).body
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


async def use(url: str, key: str) -> tuple[int, list[PresignedUrlItem]]:
    retry = RetryPolicy(attempts=1)
    async with NinePic(key, ORG_ID, base_url=url, timeout=20, retry=retry) as client:
        event = client.event(EVENT_ID)
        search = await event.face_search(SELFIE, request_id="r")
        return search.total, await event.originals(bib="7").collect()


@pytest.mark.parametrize("filtered", [[], ["x-api-key"]], ids=["whole", "without key"])
async def test_a_cassette_can_be_recorded_and_played_back(tmp_path: Path, filtered: list[str]) -> None:
    path = tmp_path / "cassette.yaml"
    cassette = str(path)
    async with server(serve) as (url, requests):
        with vcr.use_cassette(cassette, filter_headers=filtered):
            recorded = await use(url, KEY)
        assert SELFIE in requests[0]
        with vcr.use_cassette(cassette, filter_headers=filtered, record_mode="none"):
            assert await use(url, "another-key") == recorded
    assert len(requests) == 2
    text = path.read_text()
    assert "istr" not in text
    assert (KEY in text) is (not filtered)
