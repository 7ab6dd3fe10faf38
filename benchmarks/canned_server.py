"""A gallery whose replies are ready-made bytes, so that the client is what costs time.

Started by `benchmarks.sandbox_process.canned`, in a process of its own.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys

from benchmarks.sandbox_process import on_core

PAGE_SIZE = 100
ORG_ID, EVENT_ID = 903, 456
_PAGE = re.compile(rb"[?&]page=(\d+)")


def _photo(number: int) -> dict[str, object]:
    image_id = f"a4402318-0cf4-4e1e-b8e8-{number:012d}"
    return {
        "img_url": f"https://photos.example/imgs/{EVENT_ID}/large/{image_id}.jpg",
        "height": 4860,
        "width": 3240,
        "image_id": image_id,
        "thumbnail_url": f"https://photos.example/imgs/{EVENT_ID}/small/{image_id}.jpg",
        "original_url": None,
    }


def _reply(page: int, photos: int) -> bytes:
    pages = -(-photos // PAGE_SIZE)
    data = {
        "images": [_photo(number) for number in range((page - 1) * PAGE_SIZE, min(page * PAGE_SIZE, photos))],
        "pagination": {
            "total": photos,
            "currentPage": page,
            "totalPages": pages,
            "hasNextPage": page < pages,
            "hasPreviousPage": page > 1,
            "page_size": PAGE_SIZE,
        },
    }
    body = json.dumps({"responseType": "success", "message": "Records", "data": data}).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


class _Connection(asyncio.Protocol):
    def __init__(self, replies: list[bytes], latency_s: float) -> None:
        self._replies = replies
        self._latency_s = latency_s
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        *heads, self._received = (self._received + data).split(b"\r\n\r\n")
        for head in heads:
            found = _PAGE.search(head)
            assert found is not None, head
            reply = self._replies[int(found[1]) - 1]
            if self._latency_s:
                asyncio.get_running_loop().call_later(self._latency_s, self._transport.write, reply)
            else:
                self._transport.write(reply)


async def _serve(photos: int, latency_s: float) -> None:
    replies = [_reply(page, photos) for page in range(1, -(-photos // PAGE_SIZE) + 1)]
    server = await asyncio.get_running_loop().create_server(
        lambda: _Connection(replies, latency_s), "127.0.0.1", 0
    )
    place = {
        "base_url": f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}",
        "api_key": "key",
        "org_id": ORG_ID,
        "event_id": EVENT_ID,
        "bib": "1234",
    }
    print(json.dumps(place), flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    with on_core(1):
        asyncio.run(_serve(int(sys.argv[1]), float(sys.argv[2])))
