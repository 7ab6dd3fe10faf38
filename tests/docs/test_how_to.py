"""The apps of the how-to pages answer, with a sandbox in 9Pic's place."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import httpx
import pytest
import yaml
from aiohttp.test_utils import TestClient, TestServer
from celery import Celery  # type: ignore[import-untyped]
from django.conf import settings  # type: ignore[import-untyped]
from django.test import RequestFactory  # type: ignore[import-untyped]
from moto.server import ThreadedMotoServer

from ninepic_async import NinePic
from ninepic_async.cli import main
from ninepic_async.sandbox import Sandbox
from ninepic_async.sandbox.events import api_key_of, org_id_of
from tests.docs.examples import BIB, ROOT, names_of, python_blocks, run


def ids(sandbox: Sandbox) -> list[str]:
    gallery = sandbox.event.gallery
    return [gallery.photo(place).image_id for place in gallery.of_bib(BIB)]


async def test_fastapi(sandbox: Sandbox) -> None:
    app = names_of("docs/how-to/fastapi.md", sandbox)["app"]
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(base_url="http://app", transport=transport) as visitor,
    ):
        reply = await visitor.get("/photos", params={"bib": BIB})
        assert [photo["image_id"] for photo in reply.json()] == ids(sandbox)
        assert (await visitor.get("/photos", params={"bib": ""})).status_code == 400
        sandbox.faults.add(status=429, headers={"Retry-After": "300"})
        assert (await visitor.get("/photos", params={"bib": BIB})).status_code == 503


async def test_zip(sandbox: Sandbox) -> None:
    names = names_of("docs/how-to/zip.md", sandbox)
    transport = httpx.ASGITransport(names["app"])
    async with httpx.AsyncClient(base_url="http://app", transport=transport) as visitor:
        reply = await visitor.get("/photos.zip", params={"bib": BIB})
    await names["client"].aclose()
    with ZipFile(BytesIO(reply.content)) as archive:
        assert archive.testzip() is None
        assert [Path(name).stem for name in archive.namelist()] == ids(sandbox)


async def test_aiohttp(sandbox: Sandbox) -> None:
    app = names_of("docs/how-to/aiohttp.md", sandbox)["make_app"]()
    async with TestClient(TestServer(app)) as visitor:
        reply = await visitor.get("/photos", params={"bib": BIB})
        assert [photo["image_id"] for photo in await reply.json()] == ids(sandbox)


async def test_django(sandbox: Sandbox) -> None:
    if not settings.configured:
        settings.configure(ALLOWED_HOSTS=["*"])
    names = names_of("docs/how-to/django.md", sandbox)
    request = RequestFactory().get("/photos", {"bib": BIB})
    replies = [await asyncio.to_thread(names["photos"], request), await names["async_photos"](request)]
    await asyncio.to_thread(names["client"]().close)
    await names["async_client"]().aclose()
    for reply in replies:
        assert [photo["image_id"] for photo in json.loads(reply.content)["photos"]] == ids(sandbox)


async def test_celery(sandbox: Sandbox) -> None:
    names = names_of("docs/how-to/celery.md", sandbox)
    app: Celery = names["app"]
    app.conf.task_always_eager = True
    sandbox.faults.add(endpoint="face_search", lose_reply=True)
    result = await asyncio.to_thread(names["find_by_selfie"].delay, "selfie.jpg")
    assert result.get() == ids(sandbox)
    sandbox.assert_one_search_charged()
    assert sandbox.state.charges[0].request_id == result.id
    await asyncio.to_thread(names["client"]().close)


async def test_lambda(sandbox: Sandbox) -> None:
    names = names_of("docs/how-to/lambda.md", sandbox)
    asked = {"queryStringParameters": {"bib": BIB}}
    reply = await asyncio.to_thread(names["handler"], asked, None)
    assert [photo["image_id"] for photo in json.loads(reply["body"])] == ids(sandbox)
    await asyncio.to_thread(names["client"].close)


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An S3 server with the page's bucket."""
    import boto3

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {
        "AWS_ENDPOINT": f"http://{host}:{port}",
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "id",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="photos")
    yield
    server.stop()


@pytest.mark.timeout(300)
async def test_object_store(sandbox: Sandbox, s3: None) -> None:
    block, _ = python_blocks(ROOT / "docs/scale.md")  # the other one reads tar shards, as tests/scale does
    async with NinePic() as client:
        names: dict[str, object] = {"event": client.event(sandbox.event_id)}
        await run(block, names, sandbox)
    assert names["report"].done == 60  # type: ignore[attr-defined]


def compose() -> dict[str, Any]:
    page = (ROOT / "docs/how-to/docker.md").read_text(encoding="utf-8")
    services: dict[str, Any] = yaml.safe_load(page.split("```yaml\n")[1].split("```")[0])["services"]
    assert set(services) == {"sandbox", "app"}
    return services


def test_compose_runs_a_sandbox_that_the_app_can_use() -> None:
    services = compose()
    shell, option, script = services["sandbox"]["command"]
    assert (shell, option) == ("sh", "-c")
    arguments = script.split("exec ninepic ")[1].split()
    assert main([*arguments, "--help"]) == 0
    given = dict(zip(arguments[1::2], arguments[2::2], strict=True))
    seed = int(given["--seed"])
    environment = services["app"]["environment"]
    assert environment["NINEPIC_API_KEY"] == api_key_of(seed)
    assert environment["NINEPIC_ORG_ID"] == str(org_id_of(seed))
    assert environment["NINEPIC_BASE_URL"] == f"http://sandbox:{given['--port']}"
    published = {f"127.0.0.1:{given[name]}:{given[name]}" for name in ("--port", "--photos-port")}
    assert published == set(services["sandbox"]["ports"])


async def test_the_health_check_of_compose_works(sandbox: Sandbox) -> None:
    word, _, *arguments = compose()["sandbox"]["healthcheck"]["test"]
    assert word == "CMD"
    arguments[-1] = arguments[-1].replace("http://127.0.0.1:9009", sandbox.base_url)
    for url, status in ((sandbox.base_url, 0), (f"{sandbox.base_url}/nowhere", 1)):
        code = arguments[-1].replace(sandbox.base_url, url)
        process = await asyncio.create_subprocess_exec(
            sys.executable, *arguments[:-1], code, stderr=asyncio.subprocess.DEVNULL
        )
        assert await process.wait() == status
