"""Raw HTTP requests to a sandbox, without the client."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import ClientSession, FormData
from attrs import frozen
from yarl import URL

from ninepic_async.sandbox import ManualClock, Sandbox


@frozen
class Answer:
    status: int
    body: Any

    @property
    def data(self) -> Any:
        assert self.status == 200, self.body
        assert self.body["responseType"] == "success"
        return self.body["data"]

    @property
    def refusal(self) -> tuple[int, str]:
        assert self.body["responseType"] == "error"
        assert self.body["data"] is None
        return self.status, self.body["message"]


@frozen
class Head:
    status: int
    headers: Mapping[str, str]


@frozen
class Api:
    sandbox: Sandbox
    session: ClientSession

    @property
    def clock(self) -> ManualClock:
        assert isinstance(self.sandbox.clock, ManualClock)
        return self.sandbox.clock

    def url(self, path: str, event_id: int | None = None) -> str:
        event = f"/event/{event_id or self.sandbox.event_id}" if not path.startswith("/events") else ""
        return f"{self.sandbox.base_url}/api/v1/ext/{self.sandbox.org_id}{event}{path}"

    async def send(self, method: str, url: str | URL, **options: Any) -> Answer:
        headers = {"X-API-Key": self.sandbox.api_key} | options.pop("headers", {})
        async with self.session.request(method, url, headers=headers, **options) as reply:
            return Answer(reply.status, await reply.json())

    async def send_raw(self, path: str, timeout: float = 5) -> Head:
        """Send a GET, and return status and headers only."""
        headers = {"X-API-Key": self.sandbox.api_key}
        async with asyncio.timeout(timeout), self.session.get(self.url(path), headers=headers) as reply:
            await reply.read()
            return Head(reply.status, dict(reply.headers))

    async def get(self, path: str, event_id: int | None = None, **query: Any) -> Answer:
        return await self.send("GET", self.url(path, event_id), params=query)

    async def post(self, path: str, body: object, **query: Any) -> Answer:
        return await self.send("POST", self.url(path), json=body, params=query)

    async def upload(
        self,
        path: str,
        selfie: bytes | None,
        request_id: str | None = None,
        field: str = "selfie",
        **query: Any,
    ) -> Answer:
        form = FormData(default_to_multipart=True)
        if selfie is not None:
            form.add_field(field, selfie, filename="selfie.jpg", content_type="image/jpeg")
        if request_id is not None:
            form.add_field("request_id", request_id)
        return await self.send("POST", self.url(path), data=form, params=query)


async def talk(api: Api, path: str, *lines: bytes) -> bytes:
    """Return the raw bytes of a reply; ``lines`` are extra header lines."""
    url = URL(api.url(path))
    reader, writer = await asyncio.open_connection(url.host, url.port)
    head = f"GET {url.raw_path} HTTP/1.1\r\nHost: {url.host}\r\nX-API-Key: {api.sandbox.api_key}"
    writer.write(b"\r\n".join([head.encode(), *lines, b"", b""]))
    received = await reader.read()
    writer.close()
    await writer.wait_closed()
    return received


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not holds():  # noqa: ASYNC110 (a sandbox has no event to wait for)
            await asyncio.sleep(0)
