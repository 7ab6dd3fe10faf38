"""Files that are whole or cut, by what their formats say."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ninepic_async.download.completeness import is_whole

from . import host as bad
from .conftest import Fetch, files
from .host import Host, answer


def picture(kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image = Image.effect_noise((160, 120), 60).convert("RGB")
    image.save(file, kind, **options)
    return file.getvalue()


def with_thumbnail() -> bytes:
    """A JPEG with a thumbnail in its first segment, which ends with an end marker of its own."""
    whole, small = picture("JPEG"), picture("JPEG", quality=5)
    segment = b"Exif\0\0" + small
    return whole[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + whole[2:]


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + kind + content


MOVIE = box(b"ftyp", b"isom\0\0\0\0") + box(b"moov", b"x" * 50) + box(b"mdat", b"y" * 500)
WHOLE = {
    "baseline": picture("JPEG"),
    "progressive": picture("JPEG", progressive=True),
    "thumbnail": with_thumbnail(),
    "restarts": picture("JPEG", restart_marker_blocks=2),
    "png": picture("PNG"),
    "webp": picture("WEBP"),
    "gif": picture("GIF"),
    "avif": picture("AVIF"),
    "mp4": MOVIE,
}


def check(body: bytes) -> bool | None:
    return is_whole(io.BytesIO(body), len(body))


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_file_is_whole(name: str) -> None:
    assert check(WHOLE[name]) is True


@pytest.mark.parametrize("name", WHOLE)
@given(st.data())
def test_a_cut_file_is_not(name: str, data: st.DataObject) -> None:
    body = WHOLE[name]
    size = data.draw(st.integers(40, len(body) - 3))
    assert check(body[:size]) is False


def test_a_jpeg_that_is_cut_after_its_thumbnail_is_not_whole() -> None:
    body = WHOLE["thumbnail"]
    assert check(body[: body.index(b"\xff\xd9") + 2]) is False


@pytest.mark.parametrize("name", ["baseline", "progressive", "png", "webp"])
@pytest.mark.parametrize("more", [b"\0" * 1000, b"SEFT" * 100, MOVIE])
def test_bytes_after_the_end_are_fine(name: str, more: bytes) -> None:
    assert check(WHOLE[name] + more) is True


def test_a_format_without_an_end_is_unknown() -> None:
    assert check(b"II*\0" + b"x" * 100) is None


@given(st.binary(max_size=3000))
def test_any_bytes_end_in_an_answer(body: bytes) -> None:
    for head in (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"\0\0\0\x08ftyp", b"RIFF\0\0\0\0WEBP", b"GIF8"):
        assert check(head + body) in (True, False, None)


def test_hostile_files_take_no_time() -> None:
    for body in (b"\xff\xd8\xff" + b"\xff\xe0\0\2" * 1_000_000, b"\xff\xd8" + b"\xff" * 3_000_000):
        assert check(body) is False
    chunk = struct.pack(">I", 0) + b"tEXt" + struct.pack(">I", zlib.crc32(b"tEXt"))
    assert check(b"\x89PNG\r\n\x1a\n" + chunk * 1_000_000) is False


@pytest.mark.parametrize("send", [bad.no_length, bad.chunked])
@pytest.mark.parametrize("name", ["baseline", "thumbnail", "png", "webp"])
async def test_a_cut_file_without_a_length_is_fetched_again(
    name: str, send: bad.Behaviour, fetch: Fetch, host: Host, to: Path
) -> None:
    body = WHOLE[name]
    cut = body[: body.index(b"\xff\xd9") + 2] if name == "thumbnail" else body[:-30]
    item = host.add("a", 2000, lambda request, _: send(request, cut), answer(200, body))
    assert (await fetch([item])).complete
    assert list(files(to).values()) == [body]
    assert len(host.seen) == 2


@pytest.mark.parametrize("send", [bad.no_length, bad.chunked])
@pytest.mark.parametrize("body", [WHOLE["baseline"] + b"SEFT" * 10, WHOLE["png"], WHOLE["webp"]])
async def test_a_whole_file_without_a_length_is_taken(
    body: bytes, send: bad.Behaviour, fetch: Fetch, host: Host, to: Path
) -> None:
    item = host.add("a", 2000, lambda request, _: send(request, body))
    assert (await fetch([item])).complete
    assert list(files(to).values()) == [body]
