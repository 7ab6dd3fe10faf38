"""A client of the control API, as another process would be."""

from __future__ import annotations

from typing import Any

from aiohttp import ClientSession
from attrs import frozen

from ninepic_async.sandbox import Sandbox
from tests.sandbox.raw_client import Answer


@frozen
class Remote:
    sandbox: Sandbox
    session: ClientSession

    async def send(self, method: str, path: str = "", **options: Any) -> Answer:
        async with self.session.request(
            method, f"{self.sandbox.base_url}/_sandbox{path}", **options
        ) as reply:
            return Answer(reply.status, await reply.json())

    async def get(self, path: str = "", **query: Any) -> Any:
        answer = await self.send("GET", path, params=query)
        assert answer.status == 200, answer.body
        return answer.body

    async def post(self, path: str, body: object = None) -> Answer:
        return await self.send("POST", path, json=body)
