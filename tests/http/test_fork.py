"""A fork must not harm the client of the parent, whatever the child does with what it inherits."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
import trustme

from tests.download.host import jpeg
from tests.raw_server import Serve, always, answer, server


async def run(program: str, *arguments: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.http.forking", program, *arguments, stderr=subprocess.PIPE
    )
    _, said = await process.communicate()
    assert process.returncode == 0, said.decode()
    assert b"Unclosed" not in said, said.decode()


@pytest.mark.parametrize("program", ["pool_beside_async_client", "pool_beside_blocking_client"])
async def test_a_pool_whose_workers_make_clients_of_their_own(program: str) -> None:
    async with server(always(answer())) as (url, _):
        await run(program, url)


def counting(reply: bytes, connections: set[object]) -> Serve:
    async def serve(number: int, request: bytes, writer: asyncio.StreamWriter) -> None:
        connections.add(writer.get_extra_info("peername"))
        writer.write(reply)

    return serve


async def test_connections_stay_usable_though_the_child_closes_its_copies() -> None:
    connections: set[object] = set()
    async with server(counting(answer(), connections)) as (url, requests):
        await run("child_closes_connections", url)
    assert len(requests) == 2
    assert len(connections) == 1


async def test_an_encrypted_connection_gets_no_goodbye_from_the_child(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ca, context = trustme.CA(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ca.issue_cert("127.0.0.1").configure_cert(context)
    ca.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    connections: set[object] = set()
    async with server(counting(answer(), connections), context) as (url, requests):
        await run("child_closes_connections", url)
    assert len(requests) == 2
    assert len(connections) == 1


async def test_the_loop_stays_awake_though_the_child_closes_its_copy() -> None:
    async with server(always(answer())) as (url, requests):
        await run("child_closes_the_loop", url)
    assert len(requests) == 2


async def test_photo_connections_stay_usable_too(tmp_path: Path) -> None:
    connections: set[object] = set()
    photo = answer(jpeg(2000), "200 OK", "Content-Type: image/jpeg")
    async with server(counting(photo, connections)) as (url, requests):
        await run("child_closes_photo_connections", url, str(tmp_path))
    assert len(requests) == 3
    assert len(connections) == 1
