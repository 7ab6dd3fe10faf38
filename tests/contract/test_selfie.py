from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from ninepic_async import InvalidInputError, SelfieSource
from ninepic_async._contract.messages import SendError
from tests.canned import images, ok, pagination, rig

JPEG = b"\xff\xd8\xff\xe0selfie"
FACES = ok({"request_id": "r", **images([], pagination(0))})


class Reader:
    """A file that can't seek."""

    def __init__(self, content: Any, seekable: bool = False) -> None:
        self.content = content
        self.can_seek = seekable

    def seekable(self) -> bool:
        return self.can_seek

    def read(self) -> Any:
        return self.content


class AsyncReader:
    def seekable(self) -> bool:
        return False

    async def read(self) -> bytes:
        return JPEG


class UploadFile:
    """As web frameworks hand uploads over: no seekable(), an async read()."""

    async def read(self) -> bytes:
        return JPEG


class BrokenReader(Reader):
    def read(self) -> bytes:
        raise OSError("the disk is gone")


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "me.jpg"
    path.write_bytes(JPEG)
    return path


async def uploaded(source: Any) -> bytes:
    answers = rig([SendError("reset"), FACES])
    await answers.event.face_search(source)
    first, second = (request.upload for request in answers.requests)
    assert first is not None
    assert first == second, "each attempt sends the picture whole"
    return first.content


class BytesPath:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __fspath__(self) -> bytes:
        return bytes(self.path)


async def test_a_path(picture: Path) -> None:
    assert await uploaded(picture) == JPEG
    assert await uploaded(str(picture)) == JPEG
    assert await uploaded(BytesPath(picture)) == JPEG


@pytest.mark.parametrize("source", [JPEG, bytearray(JPEG), memoryview(JPEG), io.BytesIO(JPEG), Reader(JPEG)])
async def test_bytes_in_any_form(source: SelfieSource) -> None:
    assert await uploaded(source) == JPEG


async def test_an_open_file(picture: Path) -> None:
    with picture.open("rb") as file:
        assert await uploaded(file) == JPEG
        assert not file.closed


async def test_a_file_that_was_read_before_is_read_from_its_start(picture: Path) -> None:
    with picture.open("rb") as file:
        file.read(5)
        assert await uploaded(file) == JPEG
    file = io.BytesIO(JPEG)  # type: ignore[assignment]
    file.seek(0, io.SEEK_END)
    assert await uploaded(file) == JPEG


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (b"", "empty"),
        (io.BytesIO(), "empty"),
        (None, "None|give a path|you gave"),
        (7, "a int"),
        (["me.jpg"], "a list"),
        (io.StringIO("text"), "'rb'"),
        (Reader("text"), "'rb'"),
        (Reader(None), "'rb'"),
        (BrokenReader(b""), "the disk is gone"),
        ("nowhere.jpg", "nowhere.jpg"),
        ("", "selfie"),
        ("a\0b", "selfie"),
    ],
)
async def test_an_invalid_selfie_is_refused_before_anything_is_sent(source: Any, message: str) -> None:
    nothing = rig([])
    with pytest.raises(InvalidInputError, match=message):
        await nothing.event.face_search(source)
    with pytest.raises(InvalidInputError, match=message):
        await nothing.event.start_clips(selfie=source)
    assert nothing.requests == []


async def test_a_directory_and_an_empty_or_missing_file_are_refused(tmp_path: Path) -> None:
    empty = tmp_path / "empty.jpg"
    empty.touch()
    for source in (tmp_path, str(tmp_path), empty, tmp_path / "missing.jpg"):
        with pytest.raises(InvalidInputError, match="selfie"):
            await rig([]).event.face_search(source)


async def test_a_text_file_and_a_closed_one_are_refused(picture: Path) -> None:
    with picture.open(encoding="latin-1") as text, pytest.raises(InvalidInputError, match="'rb'"):
        await rig([]).event.face_search(text)  # type: ignore[arg-type]
    with picture.open("rb") as file:
        pass
    with pytest.raises(InvalidInputError, match="closed"):
        await rig([]).event.face_search(file)


@pytest.mark.parametrize(
    ("content", "name", "kind"),
    [
        (JPEG, "selfie.jpg", "image/jpeg"),
        (b"\x89PNG\r\n", "selfie.png", "image/png"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "selfie.webp", "image/webp"),
        (b"\0\0\0\x18ftypheic", "selfie.heic", "image/heic"),
        (b"?", "selfie.bin", "application/octet-stream"),
    ],
)
async def test_the_file_type_follows_from_the_content(content: bytes, name: str, kind: str) -> None:
    answers = rig([FACES])
    await answers.event.face_search(content)
    upload = answers.requests[0].upload
    assert upload is not None
    assert (upload.filename, upload.content_type) == (name, kind)
