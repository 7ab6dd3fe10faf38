"""Fetching one file over a plain session, so that a file that is there is a file that is whole."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Final
from urllib.parse import urlsplit

import aiohttp
import anyio

from ninepic_async.cli.terminal import CommandError

TIMEOUT_S: Final = 60.0
_UNSAFE: Final = re.compile(r"[^\w.-]+")
_LONGEST_STEM: Final = 50
_LONGEST_SUFFIX: Final = 10
"""In characters. File systems stop at 255 bytes, of which a character can take four."""


class FetchError(CommandError):
    """What was fetched is not what was promised; the text says which file, and never its signed link."""


def plain_session() -> aiohttp.ClientSession:
    """A session that has no API key to give away: signed links lead to another host."""
    # As it is: a body that was compressed on the way has another length than the one announced.
    headers = {"Accept-Encoding": "identity"}
    return aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(total=TIMEOUT_S))


async def fetch(session: aiohttp.ClientSession, url: str, target: anyio.Path) -> None:
    """Stream a file into ``target``. Until it is whole it is called ``….part``.

    Raises:
        FetchError: it did not come, or not whole.
        OSError: it could not be written.
    """
    part = target.with_name(target.name + ".part")
    try:
        await _stream(session, url, part)
        await part.replace(target)
    except (aiohttp.ClientError, TimeoutError) as error:
        raise FetchError(f"{target.name} did not come whole from {urlsplit(url).netloc}") from error
    finally:
        await part.unlink(missing_ok=True)


async def _stream(session: aiohttp.ClientSession, url: str, part: anyio.Path) -> None:
    async with session.get(url) as response:
        if response.status != 200:
            raise FetchError(f"{urlsplit(url).netloc} answered {response.status} for {part.stem}")
        written = 0
        async with await anyio.open_file(part, "wb") as file:
            async for chunk in response.content.iter_any():
                written += await file.write(chunk)
    if response.content_length not in (None, written):
        raise FetchError(f"{part.stem} has {written} bytes instead of {response.content_length}")


def safe_name(filename: str) -> str:
    """Make a server's word for a file into a name that stays in its folder."""
    last = filename.replace("\\", "/").rpartition("/")[2]
    name = PurePath(_UNSAFE.sub("_", last).strip("._") or "photo")
    return name.stem[:_LONGEST_STEM] + name.suffix[:_LONGEST_SUFFIX]
