"""The throttle of the whole API, and throttles as faults, over HTTP."""

from __future__ import annotations

import pytest
from aiohttp import ClientSession

from ninepic_async.sandbox import FaultError, ManualClock, Sandbox

from .raw_client import Api


async def statuses(api: Api, count: int, path: str = "/ping") -> list[int]:
    return [(await api.send_raw(path)).status for _ in range(count)]


async def test_burst_passes_and_the_rest_follows_the_rate(api: Api) -> None:
    api.sandbox.throttle(rate=2, burst=3)
    assert await statuses(api, 5) == [200, 200, 200, 429, 429]
    api.clock.advance(0.5)
    assert await statuses(api, 2) == [200, 429]
    api.clock.advance(3600)
    assert await statuses(api, 4) == [200, 200, 200, 429]


async def test_reply_of_the_throttle(api: Api) -> None:
    api.sandbox.throttle(rate=1, burst=1)
    await api.get("/ping")
    refused = await api.send_raw("/ping")
    assert "Retry-After" not in refused.headers
    assert (await api.get("/ping")).body == {"message": "Too Many Requests"}
    api.sandbox.throttle(rate=1, burst=1, retry_after=1)
    assert (await api.send_raw("/ping")).headers["Retry-After"] == "1"


async def test_throttle_covers_the_whole_api_and_not_the_photo_host(api: Api) -> None:
    thumbnail = (await api.get("/images")).data["images"][0]["thumbnail_url"]
    api.sandbox.throttle(rate=1, burst=2)
    assert [await statuses(api, 1, path) for path in ("/ping", "/nonsense", "/details")] == [
        [200],
        [501],
        [429],
    ]
    async with api.session.get(thumbnail) as reply:
        assert reply.status == 200


async def test_throttle_changes_while_running(api: Api) -> None:
    api.sandbox.throttle(rate=50, burst=5)
    assert await statuses(api, 3) == [200] * 3
    api.sandbox.throttle(rate=10, burst=1)
    assert await statuses(api, 2) == [200, 429], "the new bucket holds one token"
    api.clock.advance(0.1)
    assert await statuses(api, 2) == [200, 429]
    api.sandbox.throttle(None)
    assert await statuses(api, 20) == [200] * 20


async def test_a_change_adds_no_tokens(api: Api) -> None:
    api.sandbox.throttle(rate=1, burst=2)
    assert await statuses(api, 3) == [200, 200, 429]
    api.sandbox.throttle(rate=1, burst=100)
    assert await statuses(api, 1) == [429]


async def test_tokens_before_a_change_come_at_the_previous_rate(api: Api) -> None:
    api.sandbox.throttle(rate=1, burst=5)
    assert await statuses(api, 5) == [200] * 5
    api.clock.advance(2)
    api.sandbox.throttle(rate=100, burst=5)
    assert await statuses(api, 3) == [200, 200, 429]


async def test_throttle_and_faults_are_independent(api: Api) -> None:
    api.sandbox.throttle(rate=1, burst=1)
    api.sandbox.faults.add(endpoint="ping", status=503, times=2)
    assert await statuses(api, 2) == [503, 429]
    assert len(api.sandbox.faults.armed) == 1
    assert len(api.sandbox.faults.unused) == 1
    api.sandbox.faults.clear()
    assert await statuses(api, 1) == [429]
    api.sandbox.reset()
    assert await statuses(api, 3) == [200] * 3


async def test_unused_throttle_is_not_an_unused_fault(sandbox: Sandbox) -> None:
    sandbox.throttle(rate=1)
    sandbox.faults.assert_used_up()


@pytest.mark.parametrize(
    ("rate", "burst", "retry_after", "name"),
    [(0, None, None, "rate"), (1, 0, None, "burst"), (1, 1, -1, "retry_after")],
)
async def test_invalid_throttle_changes_nothing(
    api: Api, rate: float, burst: int | None, retry_after: int | None, name: str
) -> None:
    api.sandbox.throttle(rate=1, burst=1)
    with pytest.raises(FaultError, match=f"{name} must be"):
        api.sandbox.throttle(rate, burst, retry_after=retry_after)
    assert await statuses(api, 2) == [200, 429]


async def test_photo_host_is_throttled_by_a_fault(api: Api) -> None:
    thumbnail = (await api.get("/images")).data["images"][0]["thumbnail_url"]
    api.sandbox.faults.add(endpoint="photo", rate=1, burst=2, status=503, retry_after=4)
    seen, body = [], b""
    for _ in range(3):
        async with api.session.get(thumbnail) as reply:
            seen.append((reply.status, reply.headers.get("Retry-After")))
            body = await reply.read()
    assert b"<Code>SlowDown</Code>" in body
    assert seen == [(200, None), (200, None), (503, "4")]
    assert await statuses(api, 5) == [200] * 5


async def test_retry_after_of_a_status(api: Api) -> None:
    api.sandbox.faults.add(status=503, retry_after=7)
    assert (await api.send_raw("/ping")).headers["Retry-After"] == "7"


async def test_throttle_over_control(session: ClientSession) -> None:
    async with Sandbox(photos=1, clock=ManualClock(), control=True) as sandbox:
        api, url = Api(sandbox, session), f"{sandbox.base_url}/_sandbox/throttle"
        async with session.put(url, json={"rate": 2, "burst": 1, "retry_after": 3}) as reply:
            throttle = {"rate": 2, "burst": 1, "retry_after": 3}
            assert await reply.json() == {"throttle": {**throttle, "requests": 0, "refused": 0}}
        assert await statuses(api, 3) == [200, 429, 429]
        async with session.get(url) as reply:
            assert await reply.json() == {"throttle": {**throttle, "requests": 3, "refused": 2}}
        async with session.put(url, json={"rate": -1}) as reply:
            assert (reply.status, "rate must be" in (await reply.json())["message"]) == (400, True)
        async with session.delete(url) as reply:
            assert await reply.json() == {"throttle": None}
        assert await statuses(api, 3) == [200] * 3
