"""Calls and photos through a real forward proxy, to a real TLS server whose CA only the test knows."""

from __future__ import annotations

import asyncio
import hashlib
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from attrs import evolve, frozen
from cryptography import x509

from ninepic_async import (
    APIConnectionError,
    ConfigError,
    DownloadReport,
    HTTPOptions,
    ImageItem,
    NinePic,
    RetryPolicy,
)
from ninepic_async.sync import NinePic as BlockingNinePic
from tests.canned import EVENT_ID, KEY, ORG_ID, details, image, pagination, reply
from tests.download.host import jpeg
from tests.http.proxy import ForwardProxy, running
from tests.raw_server import PING, answer, server

API = "https://api.example"
PHOTO_HOSTS = ("https://photos.example", "http://plain.example")
PHOTO = jpeg(2000)
ONCE = RetryPolicy(attempts=1)
LINKS = [{"url": "https://photos.example/0.jpg?sig=1", "filename": "0.jpg"}]
ANSWERS: dict[bytes, dict[str, Any]] = {
    b"/images?": {
        "images": [image(0, img_url="https://photos.example/0.jpg")],
        "pagination": pagination(1),
    },
    b"/original-photos?": {"presigned_urls": LINKS, "pagination": pagination(1)},
    b"/details ": details(),
    b"/days ": {"days": []},
}
"""By a part of the request line. All other API requests get the reply to a ping."""


@frozen
class World:
    """A TLS server, a plain server, and a proxy that leads to both."""

    proxy: ForwardProxy
    ca: trustme.CA
    ca_file: Path
    tls: ssl.SSLContext
    requests: list[bytes]
    plain_requests: list[bytes]
    port: int

    def trust(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        self.ca.configure_trust(context)
        return context


async def serve(number: int, request: bytes, writer: asyncio.StreamWriter) -> None:
    if b".jpg" in request.partition(b"\r\n")[0]:
        writer.write(answer(PHOTO, "200 OK", "Content-Type: image/jpeg"))
        return
    data = next((data for path, data in ANSWERS.items() if path in request), {})
    writer.write(answer(reply(data).body if data else PING))


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http", "https", "all", "no"):
        monkeypatch.delenv(f"{name}_proxy", raising=False)
        monkeypatch.delenv(f"{name}_PROXY".upper(), raising=False)
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    ca = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ca.issue_cert("api.example", "photos.example", "127.0.0.1", "localhost").configure_cert(context)
    ca_file = tmp_path / "ca.pem"
    ca.cert_pem.write_to_path(str(ca_file))
    async with server(serve, context) as (url, requests), server(serve) as (plain_url, plain_requests):
        port, plain_port = (int(each.rpartition(":")[2]) for each in (url, plain_url))
        routes = {"api.example:443": port, "photos.example:443": port, "plain.example:80": plain_port}
        async with running(ForwardProxy(routes)) as proxy:
            yield World(proxy, ca, ca_file, context, requests, plain_requests, port)


def photos() -> list[ImageItem]:
    links = [f"{host}/{number}.jpg" for number, host in enumerate(PHOTO_HOSTS)]
    return [ImageItem(image_id=str(n), img_url=link, thumbnail_url=link) for n, link in enumerate(links)]


def client(http: HTTPOptions, base_url: str = API) -> NinePic:
    return NinePic(KEY, ORG_ID, base_url=base_url, timeout=5, retry=ONCE, http=http)


async def use(http: HTTPOptions, to: Path) -> tuple[str | None, DownloadReport]:
    async with client(http) as api:
        event = api.event(EVENT_ID)
        return (await event.ping()).status, await event.download(photos(), to)


def use_blocking(http: HTTPOptions, to: Path) -> tuple[str | None, DownloadReport]:
    with BlockingNinePic(KEY, ORG_ID, base_url=API, timeout=5, retry=ONCE, http=http) as api:
        event = api.event(EVENT_ID)
        return event.ping().status, event.download(photos(), to)


async def check(world: World, http: HTTPOptions, to: Path, blocking: bool) -> None:
    status, report = await (asyncio.to_thread(use_blocking, http, to) if blocking else use(http, to))
    assert status == "ok"
    assert report.done == 2, report.failed
    assert set(world.proxy.asked_for) == {
        "CONNECT api.example:443",
        "CONNECT photos.example:443",
        "GET http://plain.example/1.jpg",
    }
    assert KEY.encode() not in world.proxy.carried
    assert f"X-API-Key: {KEY}".encode() in world.requests[0]


@pytest.mark.parametrize("blocking", [False, True], ids=["async", "blocking"])
async def test_everything_goes_through_the_proxy_that_was_given(
    world: World, tmp_path: Path, blocking: bool
) -> None:
    http = HTTPOptions(proxy=world.proxy.url, ssl_context=world.trust())
    await check(world, http, tmp_path / "photos", blocking)


@pytest.mark.parametrize("blocking", [False, True], ids=["async", "blocking"])
async def test_everything_goes_through_the_proxy_of_the_environment(
    world: World, tmp_path: Path, blocking: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", world.proxy.url)
    monkeypatch.setenv("SSL_CERT_FILE", str(world.ca_file))
    await check(world, HTTPOptions(), tmp_path / "photos", blocking)


async def test_the_proxy_itself_may_be_encrypted(world: World, tmp_path: Path) -> None:
    async with running(ForwardProxy(world.proxy.routes), world.tls) as proxy:
        http = HTTPOptions(proxy=proxy.url, ssl_context=world.trust())
        await check(evolve(world, proxy=proxy), http, tmp_path / "photos", False)


@pytest.mark.parametrize(
    ("command", "hosts"),
    [
        (("ping",), ("api",)),
        (("photos", "--json"), ("api",)),
        (("originals", "--bib", "7", "--urls"), ("api",)),
        (("download", "--all", "--to", "{to}"), ("api", "photos")),
        (("download", "--all", "--to", "{to}", "--rendition", "original"), ("api", "photos")),
    ],
    ids=" ".join,
)
async def test_the_command_line_uses_the_proxy(
    world: World, tmp_path: Path, command: tuple[str, ...], hosts: tuple[str, ...]
) -> None:
    name, *options = (part.format(to=tmp_path / "photos") for part in command)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ninepic_async.cli", name, str(EVENT_ID), "--proxy", world.proxy.url),
        *options,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={
            "NINEPIC_API_KEY": KEY,
            "NINEPIC_ORG_ID": str(ORG_ID),
            "NINEPIC_BASE_URL": API,
            "SSL_CERT_FILE": str(world.ca_file),
        },
    )
    _, said = await process.communicate()
    assert process.returncode == 0, said.decode()
    assert set(world.proxy.asked_for) == {f"CONNECT {host}.example:443" for host in hosts}
    assert len(fetched_into(tmp_path / "photos")) == ("photos" in hosts)


def fetched_into(folder: Path) -> list[Path]:
    return list(folder.glob("*.jpg"))


async def test_a_folder_of_certificates_is_read(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.ca.cert_pem.write_to_path(str(tmp_path / hashed_name(world.ca)))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    base_url = f"https://127.0.0.1:{world.port}"
    async with client(HTTPOptions(), base_url) as api:
        assert (await api.event(EVENT_ID).ping()).status == "ok"
    async with client(HTTPOptions(trust_env=False), base_url) as api:
        with pytest.raises(APIConnectionError, match="certificate"):
            await api.event(EVENT_ID).ping()


async def test_a_folder_of_certificates_is_read_for_photos_and_in_blocking_code(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.ca.cert_pem.write_to_path(str(tmp_path / hashed_name(world.ca)))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    await check(world, HTTPOptions(proxy=world.proxy.url), tmp_path / "photos", True)


def hashed_name(ca: trustme.CA) -> str:
    """Return the name under which OpenSSL looks for a certificate in a folder: of its subject."""
    subject = x509.load_pem_x509_certificate(ca.cert_pem.bytes()).subject
    named = [x509.NameAttribute(each.oid, str(each.value).lower()) for each in subject]
    encoded = x509.Name(named).public_bytes()
    head = 2 if encoded[1] < 0x80 else 2 + (encoded[1] & 0x7F)
    number = int.from_bytes(hashlib.sha1(encoded[head:]).digest()[:4], "little")
    return f"{number:08x}.0"


@pytest.mark.parametrize("password", ["s3cret", "p%40ss%3Aw%C3%B6rd"])
async def test_the_proxy_gets_user_and_password(world: World, tmp_path: Path, password: str) -> None:
    world.proxy.credentials = {"s3cret": "me:s3cret"}.get(password, "me:p@ss:wörd")
    url = world.proxy.url.replace("://", f"://me:{password}@")
    await check(world, HTTPOptions(proxy=url, ssl_context=world.trust()), tmp_path / "photos", False)
    assert not any(b"Proxy-Authorization" in request for request in world.requests)


async def test_a_refusal_by_the_proxy_shows_no_password(world: World, tmp_path: Path) -> None:
    world.proxy.credentials = "me:other"
    http = HTTPOptions(proxy=world.proxy.url.replace("://", "://me:s3cret@"), ssl_context=world.trust())
    async with client(http) as api:
        event = api.event(EVENT_ID)
        with pytest.raises(APIConnectionError, match="the proxy refused the connection: 407") as caught:
            await event.ping()
        report = await event.download(photos(), tmp_path / "photos")
    shown = f"{caught.value!r} {vars(caught.value)} {caught.value.__cause__!r} {report} {http!r} {api!r}"
    assert "s3cret" not in shown
    assert "407" in report.failed[0].error


async def test_a_proxy_that_is_not_there(tmp_path: Path) -> None:
    async with client(HTTPOptions(proxy="http://me:s3cret@127.0.0.1:9")) as api:
        with pytest.raises(APIConnectionError, match=r"can't connect to the proxy 127\.0\.0\.1:9") as caught:
            await api.event(EVENT_ID).ping()
    assert "s3cret" not in f"{caught.value!r} {caught.value.__cause__!r}"


async def test_loopback_hosts_are_reached_directly(world: World, tmp_path: Path) -> None:
    http = HTTPOptions(proxy=world.proxy.url, ssl_context=world.trust())
    for host in ("127.0.0.1", "localhost"):
        base_url = f"https://{host}:{world.port}"
        link = f"{base_url}/a.jpg"
        async with client(http, base_url) as api:
            await api.event(EVENT_ID).ping()
            photo = ImageItem(image_id=host, img_url=link, thumbnail_url=link)
            assert (await api.event(EVENT_ID).download([photo], tmp_path / "photos")).done == 1
    assert world.proxy.heads == []


async def test_the_environment_is_not_read_if_not_trusted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", world.proxy.url)
    monkeypatch.setenv("SSL_CERT_FILE", str(world.ca_file))
    async with client(HTTPOptions(trust_env=False), f"https://127.0.0.1:{world.port}") as api:
        with pytest.raises(APIConnectionError, match="certificate"):
            await api.event(EVENT_ID).ping()
    async with client(HTTPOptions(trust_env=False), "https://api.invalid") as api:
        with pytest.raises(APIConnectionError, match=r"can't connect to api\.invalid"):
            await api.event(EVENT_ID).ping()
    assert world.proxy.heads == []


async def test_an_unknown_ca_is_an_error_that_is_not_retried(world: World) -> None:
    retry = RetryPolicy(attempts=3, initial_s=0)
    async with NinePic(KEY, ORG_ID, base_url=f"https://127.0.0.1:{world.port}", retry=retry) as api:
        with pytest.raises(APIConnectionError, match="certificate") as caught:
            await api.event(EVENT_ID).ping()
    assert caught.value.attempts == 1
    assert world.requests == []


def test_the_key_is_never_sent_to_a_proxy_unencrypted() -> None:
    http = HTTPOptions(proxy="http://proxy.example:3128", allow_plain_http=True)
    with pytest.raises(ConfigError, match="proxy would see the API key"):
        client(http, "http://sandbox.example:8080")


@pytest.mark.parametrize(
    "link", ["http://169.254.169.254/latest", "http://10.0.0.1/a.jpg", "http://0x7f.1/a"]
)
async def test_literal_private_addresses_are_not_asked_for_through_a_proxy(
    world: World, tmp_path: Path, link: str
) -> None:
    photo = ImageItem(image_id="a", img_url=link, thumbnail_url=link)
    async with client(HTTPOptions(proxy=world.proxy.url)) as api:
        report = await api.event(EVENT_ID).download([photo], tmp_path)
    assert report.done == 0
    assert world.proxy.heads == []
