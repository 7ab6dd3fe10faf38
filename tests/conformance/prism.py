"""Call every endpoint of servers that Prism mocks from the OpenAPI document, with the SDK's client.

Prism is an independent reading of the document: it refuses requests that the document does not allow, and
answers with its examples, or with random values that fit its schemas (``--dynamic``). Needs Node.js with npm.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from socket import create_server
from tempfile import TemporaryDirectory

from PIL import Image

from ninepic_async import DecodeError, NinePic
from ninepic_async.event import Event
from tests.conformance.tools import install, served_document

PRISM = "@stoplight/prism-cli@5"
REQUEST_ID = "5d1f6a0e-3c0b-4f0e-9a53-9b1c70c6d0de"
START_S = 30
ROUNDS = 25
"""How often the random mock is asked for each endpoint."""
Call = Callable[[NinePic, Event], Awaitable[object]]


async def events(client: NinePic, _: Event) -> object:
    return await client.events().first_page()


async def face_search(_: NinePic, event: Event) -> object:
    return await event.face_search(jpeg())


async def start_clips(_: NinePic, event: Event) -> object:
    return await event.start_clips(selfie=jpeg())


async def face_results(_: NinePic, event: Event) -> object:
    search = await event.face_search(jpeg())
    return await event.face_results(search.request_id).first_page()


async def clip_status(_: NinePic, event: Event) -> object:
    job = await event.start_clips(selfie=jpeg())
    return await job.status()


async def start_clips_of_a_search(_: NinePic, event: Event) -> object:
    return await event.start_clips(search=REQUEST_ID)


CALLS: dict[str, Call] = {
    "events": events,
    "ping": lambda _, event: event.ping(),
    "details": lambda _, event: event.details(),
    "photos": lambda _, event: event.photos().first_page(),
    "bib_search": lambda _, event: event.bib_search("A/12").first_page(),
    "face_search": face_search,
    "face_results": face_results,
    "timeline_days": lambda _, event: event.timeline_days(),
    "timeline_photos": lambda _, event: event.timeline_photos(*day()).first_page(),
    "start_clips": start_clips,
    "start_clips of a search": start_clips_of_a_search,
    "clip_status": clip_status,
    "originals of a BIB": lambda _, event: event.originals(bib="1234").first_page(),
    "originals of a search": lambda _, event: event.originals(search=REQUEST_ID).first_page(),
    "originals of an image": lambda _, event: event.originals(image_id="a").first_page(),
    "originals of images": lambda _, event: event.originals(image_ids=["a", "b"]).first_page(),
}


def day() -> tuple[datetime, datetime]:
    return datetime(2026, 1, 17, tzinfo=UTC), datetime(2026, 1, 18, tzinfo=UTC)


def jpeg() -> bytes:
    out = BytesIO()
    Image.new("RGB", (32, 32)).save(out, "JPEG")
    return out.getvalue()


@asynccontextmanager
async def mock(prism: Path, document: Path, *options: str) -> AsyncIterator[str]:
    """Run a mock server, and give its address."""
    with create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = ["mock", str(document), "--host", "127.0.0.1", "--port", str(port), "--errors", *options]
    server = await asyncio.create_subprocess_exec(prism, *command, stdout=subprocess.DEVNULL)
    try:
        async with asyncio.timeout(START_S):
            while not await listens(port):  # noqa: ASYNC110 (another process)
                await asyncio.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        await server.wait()


async def listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


async def failures(base_url: str, rounds: int) -> list[str]:
    """Call each endpoint, and return what failed."""
    failed = []
    async with NinePic("a-key", 903, base_url=base_url) as client:
        for name, call in CALLS.items():
            for _ in range(rounds):
                try:
                    await call(client, client.event(456))
                except Exception as error:
                    if rounds > 1 and is_of_another_search(error):
                        continue
                    failed.append(f"{name}: {type(error).__name__}: {error}")
                    break
    return failed


def is_of_another_search(error: Exception) -> bool:
    """Check for the one refusal that a random mock deserves: it can't repeat the id that it was asked for."""
    return (
        isinstance(error, DecodeError)
        and error.path == "$.data.request_id"
        and error.received.startswith("string ")
    )


async def main() -> int:
    with TemporaryDirectory() as name, served_document(Path(name)) as (_, document):
        prism = install(Path(name), PRISM) / "prism"
        for kind, options, rounds in (("static", (), 1), ("dynamic", ("--dynamic",), ROUNDS)):
            async with mock(prism, document, *options) as base_url:
                failed = await failures(base_url, rounds)
            if failed:
                sys.stdout.write(
                    "\n".join([f"{kind} mock: {len(failed)} of {len(CALLS)} calls failed", *failed, ""])
                )
                return 1
            sys.stdout.write(f"{kind} mock: all {len(CALLS)} calls succeeded\n")
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
