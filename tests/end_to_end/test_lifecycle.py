from __future__ import annotations

import asyncio
import os
import sys
from typing import Final

import aiohttp
import pytest

from ninepic_async import APIConnectionError, ConfigError, NinePic
from ninepic_async.sandbox import Sandbox

from .clients import Traffic, client_of, failure_of, quick, sent

SECOND_RUN: Final = """
import asyncio
from ninepic_async import ConfigError, NinePic

client = NinePic()

async def ping():
    return (await client.event(EVENT).ping()).status

async def several():
    return [status for status in await asyncio.gather(*(ping() for _ in range(8)))]

print(asyncio.run(ping()), *asyncio.run(several()), asyncio.run(ping()))
asyncio.run(client.aclose())
try:
    asyncio.run(ping())
except ConfigError as error:
    print(error)
"""
OUTSIDE_A_LOOP: Final = """
import asyncio
from ninepic_async import ConfigError, NinePic

client = NinePic()

async def use():
    event = client.event(EVENT)
    print((await event.ping()).status, len(await event.photos().collect()))
    await client.aclose()

asyncio.run(use())
try:
    asyncio.run(client.event(EVENT).ping())
except ConfigError as error:
    print(error)
"""


async def run_program(source: str, sb: Sandbox, *options: str) -> tuple[list[str], str]:
    """Run a program of its own against the sandbox; give its lines and what it complained of."""
    settings = {
        "NINEPIC_API_KEY": sb.api_key,
        "NINEPIC_ORG_ID": str(sb.org_id),
        "NINEPIC_BASE_URL": sb.base_url,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *options,
        "-c",
        source.replace("EVENT", str(sb.event_id)),
        env={**os.environ, **settings},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, complaints = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 0, complaints.decode()
    return out.decode().splitlines(), complaints.decode()


async def test_a_client_made_outside_a_loop_needs_no_async_with(sb: Sandbox) -> None:
    lines, complaints = await run_program(OUTSIDE_A_LOOP, sb, "-W", "error")

    assert lines == ["ok 120", "this client is closed: make a new NinePic"]
    assert complaints == ""


@pytest.mark.parametrize("options", [(), ("-X", "dev", "-W", "error")], ids=["plain", "strict"])
async def test_a_client_at_module_level_moves_to_the_next_loop_once_its_own_is_closed(
    options: tuple[str, ...], sb: Sandbox
) -> None:
    lines, complaints = await run_program(SECOND_RUN, sb, *options)

    assert lines == [" ".join(["ok"] * 10), "this client is closed: make a new NinePic"]
    assert complaints == ""
    assert sent(sb) == ["ping"] * 10


async def test_a_second_loop_in_another_thread_is_refused(sb: Sandbox, client: NinePic) -> None:
    event = client.event(sb.event_id)
    await event.ping()

    for call in (event.ping, event.photos().collect, client.with_options(timeout=5).events().collect):
        error = await asyncio.to_thread(asyncio.run, failure_of(call))
        assert type(error) is ConfigError
        assert "another event loop" in str(error)
        assert "ninepic_async.sync" in str(error)

    assert (await event.ping()).status == "ok"
    assert sent(sb) == ["ping", "ping"]


async def test_a_closed_client_says_so_and_may_be_closed_again(sb: Sandbox) -> None:
    async with client_of(sb) as client:
        event = client.event(sb.event_id)
        await event.ping()
    await client.aclose()

    for call in (event.ping, event.photos().collect, client.with_options(timeout=1).event(1).ping):
        error = await failure_of(call)
        assert type(error) is ConfigError
        assert str(error) == "this client is closed: make a new NinePic"
    assert sent(sb) == ["ping"]


async def test_a_client_that_was_never_used_closes_silently(sb: Sandbox) -> None:
    async with client_of(sb):
        pass
    await client_of(sb).aclose()

    assert sent(sb) == []


async def test_views_share_the_connections_and_do_not_close_them(sb: Sandbox) -> None:
    traffic = Traffic()
    async with traffic.session() as session:
        client = client_of(sb, session=session)
        for _ in range(3):
            async with client.with_options(timeout=5) as view:
                await view.event(sb.event_id).ping()
        await client.event(sb.event_id).ping()

        assert traffic.connections == 1


async def test_closing_a_view_leaves_the_client_open(sb: Sandbox, client: NinePic) -> None:
    view = client.with_options(timeout=5)
    await view.event(sb.event_id).ping()

    await view.aclose()

    assert (await client.event(sb.event_id).ping()).status == "ok"
    assert (await view.event(sb.event_id).ping()).status == "ok"


async def test_a_view_keeps_the_other_options(sb: Sandbox, client: NinePic) -> None:
    view = client.with_options()

    assert (view.org_id, repr(view)) == (client.org_id, repr(client))
    with pytest.raises(ConfigError):
        client.with_options(timeout=0)


async def test_a_borrowed_session_is_used_with_its_middleware_and_stays_open(sb: Sandbox) -> None:
    seen: list[str] = []

    async def remember(
        request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        seen.append(request.url.path)
        return await handler(request)

    traffic = Traffic()
    async with traffic.session(remember) as session:
        async with client_of(sb, session=session) as client:
            sb.faults.add(reset=True)
            await client.event(sb.event_id).ping()
            await client.event(sb.event_id).details()
        assert not session.closed
        async with session.get(f"{sb.photos_url}/imgs/{sb.event_id}/cover.jpg") as reply:
            assert reply.status == 200

    event = f"/api/v1/ext/{sb.org_id}/event/{sb.event_id}"
    assert seen == [f"{event}/ping", f"{event}/ping", f"{event}/details", f"/imgs/{sb.event_id}/cover.jpg"]
    assert sent(sb) == ["ping", "ping", "details"]


async def test_a_borrowed_session_that_its_owner_closed_is_named(sb: Sandbox) -> None:
    async with aiohttp.ClientSession() as session:
        client = client_of(sb, session=session)
        await client.event(sb.event_id).ping()

    error = await failure_of(client.event(sb.event_id).ping)

    assert type(error) is ConfigError
    assert str(error) == "the session that this client was given is closed: pass an open one"
    await client.aclose()


async def test_a_kept_connection_that_drops_is_not_resent_behind_our_back(
    sb: Sandbox, client: NinePic
) -> None:
    event = client.with_options(retry=quick(1)).event(sb.event_id)
    await event.ping()
    sb.faults.add(endpoint="details", reset=True)

    error = await failure_of(event.details)

    assert isinstance(error, APIConnectionError)
    assert error.attempts == 1
    assert sent(sb) == ["ping", "details"]
