"""Download an event into Azurite, the Azure Blob Storage emulator. Needs Node.js with npm.

Run ``nox -s azure``, or ``python -m tests.scale.azurite``. It is no test of pytest's: those need no Node.js.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path
from socket import create_connection, create_server
from tempfile import TemporaryDirectory
from time import monotonic, sleep
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from ninepic_async import DownloadError, NinePic, scale
from ninepic_async.sandbox import Sandbox
from ninepic_async.scale.place import Place
from tests.conformance.tools import install

AZURITE = "azurite@3"
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The emulator's account and key, which are public."""
PHOTOS = 30
START_S = 60


@contextmanager
def azurite(folder: Path) -> Iterator[str]:
    """Run the emulator, and give its address."""
    program = install(folder, AZURITE) / "azurite-blob"
    with create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [str(program), "--blobHost", "127.0.0.1", "--blobPort", str(port), "--location", str(folder)]
    with subprocess.Popen([*command, "--silent", "--skipApiVersionCheck", "--disableTelemetry"]) as process:
        try:
            wait_for(port)
            yield f"http://127.0.0.1:{port}/{ACCOUNT}"
        finally:
            process.terminate()


def wait_for(port: int) -> None:
    end = monotonic() + START_S
    while True:
        try:
            create_connection(("127.0.0.1", port)).close()
        except OSError:
            if monotonic() > end:
                raise
            sleep(0.1)
        else:
            return


def create_container(endpoint: str, name: str) -> None:
    """Create a container: obstore can't."""
    headers = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": "2021-12-02"}
    lines = ["PUT", *[""] * 11, *[f"{key}:{value}" for key, value in headers.items()]]
    text = "\n".join([*lines, f"/{ACCOUNT}/{ACCOUNT}/{name}", "restype:container"])
    digest = hmac.new(base64.b64decode(KEY), text.encode(), hashlib.sha256).digest()
    headers["Authorization"] = f"SharedKey {ACCOUNT}:{base64.b64encode(digest).decode()}"
    request = Request(f"{endpoint}/{name}?restype=container", method="PUT", headers=headers)
    try:
        urlopen(request).close()
    except HTTPError as error:
        raise RuntimeError(error.read().decode()) from error


async def check(endpoint: str) -> None:
    """Download twice, and read everything back."""
    environment = {"ACCOUNT_NAME": ACCOUNT, "ACCOUNT_KEY": KEY, "ENDPOINT": endpoint}
    os.environ.update({f"AZURE_STORAGE_{name}": value for name, value in environment.items()})
    os.environ["AZURE_ALLOW_HTTP"] = "true"
    async with (
        Sandbox(photos=PHOTOS) as sandbox,
        NinePic(sandbox.api_key, sandbox.org_id, base_url=sandbox.base_url) as client,
    ):
        event = client.event(sandbox.event_id)
        with pytest.raises(DownloadError, match="no such bucket"):
            await scale.download(event, "az://photos/456", shard=10)
        create_container(endpoint, "photos")
        for form, place in (("files", "az://photos/456"), ("webdataset", "az://photos/tar")):
            for done, skipped in ((PHOTOS, 0), (0, PHOTOS)):
                report = await scale.download(event, place, shard=10, format=form)  # type: ignore[arg-type]
                assert (report.done, report.skipped, report.failed) == (done, skipped, ()), report
                report.raise_for_failures()
        await check_files("az://photos/456")


async def check_files(url: str) -> None:
    place = Place.open(url)
    names = [name for name in await place.names() if name.endswith(".jsonl")]
    rows = [json.loads(line) for name in names for line in (await place.read(name) or b"").splitlines()]
    assert len({row["sha256"] for row in rows}) == len(rows) == PHOTOS
    for row in rows:
        content = await place.read(row["path"]) or b""
        assert (row["bytes"], row["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())


def main() -> None:
    """Run it all."""
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder, azurite(Path(folder)) as endpoint:
        asyncio.run(check(endpoint))
    print(f"{PHOTOS} photos as files and as tar shards, whole and once, in Azurite.")


if __name__ == "__main__":
    main()
