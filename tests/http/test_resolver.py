from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator

import pytest

from ninepic_async import APIConnectionError, APITimeoutError, NinePic, RetryPolicy
from ninepic_async._http.resolver import resolver

NOWHERE = "http://localhost:9"


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Hosts that a silent name server has answered for: none while the test runs."""
    answered: list[str] = []
    over = threading.Event()

    def look_up(host: str, *_: object, **__: object) -> object:
        over.wait(10)
        answered.append(host)
        raise socket.gaierror(socket.EAI_AGAIN, "no answer")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    yield answered
    over.set()


def test_a_program_ends_while_a_lookup_still_runs(answers: list[str]) -> None:
    async def program() -> None:
        async with NinePic("key", 1, base_url=NOWHERE, timeout=0.1) as client:
            with pytest.raises(APITimeoutError):
                await client.event(1).ping()

    asyncio.run(program())
    assert answers == []


async def test_resolve_a_host_name() -> None:
    found = await resolver().resolve("localhost", 80, socket.AF_INET)
    assert {(each["hostname"], each["host"], each["port"]) for each in found} == {
        ("localhost", "127.0.0.1", 80)
    }


async def test_an_unknown_host_is_a_connection_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def look_up(*_: object, **__: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    retry = RetryPolicy(attempts=1)
    async with NinePic("key", 1, base_url=NOWHERE, retry=retry) as client:
        with pytest.raises(APIConnectionError, match="Name or service not known"):
            await client.event(1).ping()
