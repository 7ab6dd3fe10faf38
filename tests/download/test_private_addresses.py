"""Photo links lead to public addresses only, whatever name or form an address hides behind."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from ninepic_async import DownloadReport, HTTPOptions, ImageItem, NinePic, RetryPolicy
from ninepic_async.download import photo_host

from .host import Host, answer, serving

QUICK = RetryPolicy(attempts=3, initial_s=0.01, max_s=0.02)
PUBLIC = "127.0.0.2"
"""Stands for a public address in these tests."""


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    async with serving(Host()) as running:
        yield running


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Host names, and the addresses that they resolve to."""
    known: dict[str, list[str]] = {}
    look_up: Callable[..., Any] = socket.getaddrinfo

    def resolve(name: str, port: int, **how: Any) -> Any:
        if name not in known:
            return look_up(name, port, **how)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in known[name]]

    def is_public(address: IPv4Address | IPv6Address) -> bool:
        return str(address) == PUBLIC

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(photo_host, "is_public", is_public)
    return known


@asynccontextmanager
async def serving_on(address: str, host: Host) -> AsyncIterator[int]:
    """Serve the same files on another address of this machine; gives the port."""
    app = web.Application()
    app.router.add_route("GET", "/{tail:.*}", host.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, address, 0).start()
    try:
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


async def fetch(
    links: list[str], to: Path, http: HTTPOptions | None = None, base_url: str = "https://api.example"
) -> DownloadReport:
    photos = [ImageItem(image_id=str(n), img_url=link, thumbnail_url=link) for n, link in enumerate(links)]
    async with NinePic("the-key", 1, base_url=base_url, retry=QUICK, http=http or HTTPOptions()) as client:
        return await client.event(1).download(photos, to)


def port_of(host: Host) -> str:
    return host.origin.rpartition(":")[2]


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "localhost", "[::1]"]
)
async def test_links_to_this_machine_are_refused(address: str, host: Host, tmp_path: Path) -> None:
    host.add("a")
    report = await fetch([f"http://{address}:{port_of(host)}/a.jpg"], tmp_path)
    assert "not a public address" in report.failed[0].error
    assert "allow_private_addresses=True" in report.failed[0].error
    assert host.seen == []


async def test_a_refused_link_is_not_tried_again(host: Host, tmp_path: Path) -> None:
    report = await fetch([f"{host.origin}/a.jpg"], tmp_path)
    assert "tried" not in report.failed[0].error


async def test_a_name_that_resolves_to_this_machine_is_refused(
    host: Host, names: dict[str, list[str]], tmp_path: Path
) -> None:
    host.add("a")
    names["photos.example"] = ["127.0.0.1", "127.0.0.3"]
    report = await fetch([f"http://photos.example:{port_of(host)}/a.jpg"], tmp_path)
    assert "not a public address" in report.failed[0].error
    assert host.seen == []


async def test_of_several_addresses_the_public_ones_are_used(
    host: Host, names: dict[str, list[str]], tmp_path: Path
) -> None:
    host.add("a")
    names["photos.example"] = ["127.0.0.1", PUBLIC]
    async with serving_on(PUBLIC, host) as port:
        report = await fetch([f"http://photos.example:{port}/a.jpg"], tmp_path)
    assert report.done == 1, report.failed


async def test_a_redirect_to_this_machine_is_refused(
    host: Host, names: dict[str, list[str]], tmp_path: Path
) -> None:
    host.add("b")
    names["photos.example"] = [PUBLIC]
    host.add("a", 2000, answer(302, Location=f"{host.origin}/b.jpg"))
    async with serving_on(PUBLIC, host) as port:
        report = await fetch([f"http://photos.example:{port}/a.jpg"], tmp_path)
    assert "not a public address" in report.failed[0].error
    assert [seen.path for seen in host.seen] == ["/a.jpg"]


async def test_private_addresses_can_be_allowed(host: Host, tmp_path: Path) -> None:
    host.add("a")
    http = HTTPOptions(allow_private_addresses=True)
    assert (await fetch([f"{host.origin}/a.jpg"], tmp_path, http)).done == 1


async def test_a_client_of_a_local_sandbox_may_fetch_from_this_machine(host: Host, tmp_path: Path) -> None:
    host.add("a")
    report = await fetch([f"{host.origin}/a.jpg"], tmp_path, base_url="http://127.0.0.1:9")
    assert report.done == 1
