"""How much of a service's throttle a client uses, and what that costs in 429s.

    python -m benchmarks.throttle [--quick]

Each row is one client, or four in processes of their own, that sends pings for 20 s after a warm-up of 5 s.
For comparison: a client with a `RateLimit` of 96 % of the throttle, which one has to know,
and botocore's adaptive mode, where botocore is installed.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from benchmarks.throttled_server import throttled_server
from ninepic_async import NinePic, NinePicError, RateLimit

_WARM_UP_S = 5.0
_MEASURED_S = 20.0
_KNOWN_SHARE = 0.96


async def _call_on_and_on(url: str, callers: int, rate_limit: RateLimit | None, seconds: float) -> int:
    """Send pings for a while, and return how many calls were given up."""
    given_up = 0
    end = time.monotonic() + seconds

    async def caller(client: NinePic) -> None:
        nonlocal given_up
        while time.monotonic() < end:
            try:
                await client.event(456).ping()
            except NinePicError:
                given_up += 1

    async with NinePic("key", 903, base_url=url, rate_limit=rate_limit) as client:
        await asyncio.wait(
            [asyncio.ensure_future(caller(client)) for _ in range(callers)], timeout=seconds + 60
        )
    return given_up


def _one_client(callers: int, limit: float | None = None) -> Callable[[str, float], int]:
    rate_limit = None if limit is None else RateLimit(limit)
    return lambda url, seconds: asyncio.run(_call_on_and_on(url, callers, rate_limit, seconds))


def _four_clients(callers: int, limit: float | None = None) -> Callable[[str, float], int]:
    def run(url: str, seconds: float) -> int:
        command = [sys.executable, "-m", "benchmarks.throttle", "client", url, str(callers), str(seconds)]
        command += [] if limit is None else [str(limit / 4)]
        clients = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
        outcomes = [client.communicate(timeout=seconds + 90)[0].split() for client in clients]
        shares = sorted(int(accepted) for accepted, _ in outcomes)
        print(f"{'':26}calls of each client: {shares}")
        return sum(int(given_up) for _, given_up in outcomes)

    return run


def _botocore(callers: int) -> Callable[[str, float], int]:
    def run(url: str, seconds: float) -> int:
        session: Any = import_module("botocore.session")
        config = import_module("botocore.config").Config(
            retries={"mode": "adaptive", "max_attempts": 5},
            max_pool_connections=callers,
            s3={"addressing_style": "path"},
        )
        client = session.get_session().create_client(
            "s3", region_name="us-east-1", endpoint_url=url, config=config,
            aws_access_key_id="id", aws_secret_access_key="key",
        )  # fmt: skip
        end = time.monotonic() + seconds
        given_up = 0

        def caller(_: int) -> None:
            nonlocal given_up
            while time.monotonic() < end:
                try:
                    client.list_objects_v2(Bucket="bucket")
                except Exception:
                    given_up += 1

        with ThreadPoolExecutor(callers) as pool:
            list(pool.map(caller, range(callers)))
        return given_up

    return run


def _measure(
    label: str,
    rate: float,
    burst: float,
    client: Callable[[str, float], int],
    *,
    retry_after: str = "",
    changes: tuple[float, ...] = (),
) -> None:
    rates = (rate, *changes)
    part_s = _MEASURED_S / len(rates)
    with throttled_server(rate, burst, retry_after) as server, ThreadPoolExecutor(1) as pool:
        running = pool.submit(client, server.url, _WARM_UP_S + _MEASURED_S)
        time.sleep(_WARM_UP_S)
        before = server.counts()
        for place, each in enumerate(rates):
            if place:
                server.set_rate(each)
            time.sleep(part_s)
        after = server.counts()
        given_up = running.result()
    accepted = after.accepted - before.accepted
    refused = after.refused - before.refused
    share = accepted / sum(each * part_s for each in rates)
    wanted = f"Retry-After {retry_after}" if retry_after else ""
    print(
        f"{label:26}{rate:>4.0f}/s burst {burst:<4.0f}{wanted:14} share {share:5.0%}   "
        f"429s {refused / max(accepted + refused, 1):5.1%}   given up {given_up}",
        flush=True,
    )


def main(*, quick: bool) -> None:
    for rate, burst in [(50, 5), (50, 1), (50, 100), (10, 10)]:
        for retry_after in ("", "1"):
            for callers in (32,) if quick else (1, 8, 32):
                _measure(
                    f"ours, {callers} callers", rate, burst, _one_client(callers), retry_after=retry_after
                )
            known = _one_client(32, _KNOWN_SHARE * rate)
            _measure("known RateLimit, 32", rate, burst, known, retry_after=retry_after)
        if find_spec("botocore") is not None:
            _measure("botocore adaptive, 32", rate, burst, _botocore(32))
    _measure("ours, 50 to 10 to 50", 50, 5, _one_client(32), changes=(10, 50))
    for burst in (5, 1):
        _measure("ours, 4 processes of 8", 50, burst, _four_clients(8))
        _measure("known RateLimit, 4 of 8", 50, burst, _four_clients(8, _KNOWN_SHARE * 50))


async def _client(url: str, callers: int, seconds: float, limit: float | None) -> None:
    accepted = 0

    async with NinePic(
        "key", 903, base_url=url, rate_limit=None if limit is None else RateLimit(limit)
    ) as client:
        end = time.monotonic() + seconds
        measured_from = end - _MEASURED_S
        given_up = 0

        async def caller() -> None:
            nonlocal accepted, given_up
            while time.monotonic() < end:
                try:
                    await client.event(456).ping()
                    accepted += time.monotonic() >= measured_from
                except NinePicError:
                    given_up += 1

        await asyncio.wait([asyncio.ensure_future(caller()) for _ in range(callers)], timeout=seconds + 60)
    print(accepted, given_up)


if __name__ == "__main__":
    if sys.argv[1:2] == ["client"]:
        asyncio.run(
            _client(
                sys.argv[2],
                int(sys.argv[3]),
                float(sys.argv[4]),
                float(sys.argv[5]) if len(sys.argv) > 5 else None,
            )
        )
    else:
        main(quick="--quick" in sys.argv)
