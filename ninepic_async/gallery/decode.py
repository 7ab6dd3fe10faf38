"""Open and decode a photo of any common format. Its size and memory are known before it is decoded."""

from __future__ import annotations

import io
import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import IO, BinaryIO, Final

from attrs import frozen
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageChops,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from ninepic_async.download.file_types import detect
from ninepic_async.gallery.jpeg_scans import MOST_SCANS, read_jpeg_scans

EDGE: Final = 480
"""The longer side of a thumbnail, in pixels: sharp in the grid on most screens, about 25 KB."""
MOST_PIXELS: Final = 250_000_000
"""The largest photo that is decoded. No camera has more pixels."""
_HEAD_BYTES: Final = 64
_JPEG: Final = "JPEG"
_READERS: Final[dict[str, type[ImageFile.ImageFile]]] = {
    "PNG": PngImagePlugin.PngImageFile,
    "GIF": GifImagePlugin.GifImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
    "TIFF": TiffImagePlugin.TiffImageFile,
    "WEBP": WebPImagePlugin.WebPImageFile,
    "AVIF": AvifImagePlugin.AvifImageFile,
}
_STARTS: Final = {
    b"\xff\xd8\xff": _JPEG,
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"GIF8": "GIF",
    b"BM": "BMP",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",
    b"MM\0+": "TIFF",
}
_BYTES_PER_PIXEL: Final = {"PNG": 4.5, "GIF": 6, "BMP": 4.5, "TIFF": 9, "WEBP": 20, "AVIF": 16}
"""The memory that decoding takes for each pixel, as measured."""
_PNG_PIXELS: Final = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})
_READ_WHOLE: Final = frozenset({"WEBP", "AVIF"})
_JPEG_END: Final = b"\xff\xd9"
_NOISE: Final = random.Random(9).randbytes(2**16).replace(b"\xff", b"")  # noqa: S311
_COLOURS: Final = 4
"""A JPEG with more scans than colours has the whole photo in its first scans, only less sharp."""
_MOST_MISSING: Final = 0.05
"""The share of a photo's height that may be missing at its end. Browsers show such a file too."""


class UnreadableError(Exception):
    """A file can't be shown. The message says why."""


@frozen
class Opened:
    """A photo that is open, and not yet decoded.

    Attributes:
        kind: the format.
        width: the stored width in pixels.
        height: the stored height in pixels.
        bytes_needed: the memory that decoding needs, in bytes.
    """

    kind: str
    width: int
    height: int
    bytes_needed: int
    _file: BinaryIO
    _open: Callable[[], ImageFile.ImageFile]

    @cached_property
    def picture(self) -> ImageFile.ImageFile:
        """Pillow's image. A JPEG will be decoded at a fraction of its size."""
        return self._open()

    def decoded(self) -> Image.Image:
        """Decode the photo.

        Raises:
            UnreadableError: the file is cut off.
            Exception: any error of Pillow, for a damaged file.
        """
        if isinstance(self.picture, _Jpeg):
            return self.picture.decoded()
        try:
            self.picture.load()
        except (OSError, SyntaxError, ValueError):
            return _decoded_leniently(self.kind, self._file)
        return self.picture


def open_photo(file: BinaryIO) -> Opened:
    """Open a photo. Its content decides the format, and not its name.

    Raises:
        UnreadableError: it is not a picture in a known format, or it is too large.
        Exception: any error of Pillow, for a damaged file.
    """
    head = file.read(_HEAD_BYTES)
    file.seek(0)
    kind = kind_of(head)
    if kind == _JPEG:
        opened = _open_jpeg(file)
    else:
        opened = _open_webp(head, file) if kind == "WEBP" else _open_other(kind, file)
    if opened.width * opened.height > MOST_PIXELS:
        raise UnreadableError(f"too large: {opened.width} × {opened.height} pixels")
    return opened


def kind_of(head: bytes) -> str:
    """Return the format of a file that starts with these bytes.

    Raises:
        UnreadableError: the format is not supported.
    """
    for start, kind in _STARTS.items():
        if head.startswith(start):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[4:8] == b"ftyp" and (b"avif" in head[8:] or b"avis" in head[8:]):
        return "AVIF"
    extension = detect(head)
    if extension is not None:
        raise UnreadableError(f"few browsers show {extension[1:].upper()} files: convert it to JPEG")
    raise UnreadableError("empty file" if not head else "not a picture")


def _open_jpeg(file: BinaryIO) -> Opened:
    scans = read_jpeg_scans(file)
    if scans.count > MOST_SCANS:
        raise UnreadableError(f"more than {MOST_SCANS} scans, which takes too long to decode")
    picture = _Jpeg(file)
    picture.scans = scans.count
    width, height = picture.size
    # The decoder can make the picture 2, 4 or 8 times smaller at no cost.
    picture.draft("", (2 * EDGE, 2 * EDGE))
    # Twice the memory, because an incomplete file is decoded twice.
    needed = 2 * 4 * picture.width * picture.height + scans.coefficient_bytes
    return Opened(_JPEG, width, height, needed, file, lambda: picture)


def _open_other(kind: str, file: BinaryIO) -> Opened:
    # Do not use Image.open, which warns about large photos: here the caller decides by bytes_needed.
    try:
        picture = _READERS[kind](file)
    except Exception:  # Pillow raises many kinds of errors on damaged metadata
        if kind != "PNG":
            raise
        picture = _READERS[kind](_bare_png(file))
    return Opened(
        kind, picture.width, picture.height, _needed(kind, file, *picture.size), file, lambda: picture
    )


def _bare_png(file: BinaryIO) -> BinaryIO:
    """Return a PNG without metadata and animation. Browsers show the picture even if these are damaged."""
    file.seek(0)
    bare, content = bytearray(file.read(8)), file
    while len(head := content.read(8)) == 8:
        length = int.from_bytes(head[:4], "big")
        if head[4:] in _PNG_PIXELS:
            bare += head + content.read(length + 4)
        else:
            content.seek(length + 4, os.SEEK_CUR)
    return io.BytesIO(bare)


def _open_webp(head: bytes, file: BinaryIO) -> Opened:
    # Pillow allocates memory for the whole picture when it opens a WebP, so read the size first.
    if head[12:16] == b"VP8X":
        width, height = 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little")
    elif head[12:16] == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        width, height = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    else:
        width, height = (int.from_bytes(head[at : at + 2], "little") & 0x3FFF for at in (26, 28))
    needed = _needed("WEBP", file, width, height)
    return Opened("WEBP", width, height, needed, file, lambda: _READERS["WEBP"](_padded_webp(file)))


def _needed(kind: str, file: BinaryIO, width: int, height: int) -> int:
    content = 3 * os.fstat(file.fileno()).st_size if kind in _READ_WHOLE else 0
    return int(_BYTES_PER_PIXEL[kind] * width * height) + content


def _padded_webp(file: BinaryIO) -> BinaryIO:
    """Return a WebP as a file of the length in its header: add zeros if its last bytes are missing."""
    head = file.read(8)
    full_size = int.from_bytes(head[4:8], "little") + 8
    missing = full_size - os.fstat(file.fileno()).st_size
    file.seek(0)
    return io.BytesIO(file.read() + bytes(missing)) if 0 < missing < _HEAD_BYTES else file


class _Jpeg(JpegImagePlugin.JpegImageFile):
    """A JPEG whose end may be missing."""

    scans = 1
    _end = _JPEG_END
    _cut = False

    def load_read(self, read_bytes: int) -> bytes:
        """Read more bytes for the decoder. At the end of an incomplete file, return an end marker."""
        data: bytes = self.fp.read(read_bytes) if self.fp is not None else b""
        if data or self._cut:
            return data
        self._cut = True
        return self._end

    def decoded(self) -> Image.Image:
        """Decode the photo. A few bytes may be missing at its end."""
        file = self.fp
        try:
            self.load()
        except OSError:
            if not self._cut or file is None:
                raise
        if not self._cut or file is None:
            return self
        padded = _load_padded(file, _JPEG_END)
        if (
            self.scans <= _COLOURS
            and _missing(padded, _load_padded(file, _NOISE + _JPEG_END)) > _MOST_MISSING
        ):
            raise UnreadableError("the file is cut off")
        return padded


def _load_padded(file: IO[bytes], end: bytes) -> _Jpeg:
    """Decode a JPEG with some bytes appended, and ignore errors in it."""
    file.seek(0)
    picture = _Jpeg(file)
    picture._end = end
    picture.draft("", (2 * EDGE, 2 * EDGE))
    with _tolerant():
        picture.load()
    return picture


def _missing(one: Image.Image, other: Image.Image) -> float:
    """Return the share of a photo's height that is missing: the part that depends on the appended bytes."""
    size = (min(EDGE, one.width), min(EDGE, one.height))
    small = (picture.resize(size, Image.Resampling.NEAREST).convert("RGB") for picture in (one, other))
    changed = ImageChops.difference(*small).getbbox()
    return 0.0 if changed is None else 1 - changed[1] / size[1]


def _decoded_leniently(kind: str, file: BinaryIO) -> Image.Image:
    if kind == "PNG":
        bare = _READERS[kind](_bare_png(file))
        with suppress(OSError, SyntaxError, ValueError):
            bare.load()
            return bare
    file.seek(0)
    with _tolerant():
        picture = _READERS[kind](_bare_png(file) if kind == "PNG" else file)
        picture.load()
    bottom = picture.convert("RGBA").crop((0, int(picture.height * (1 - _MOST_MISSING)), *picture.size))
    if all(low == high for low, high in bottom.getextrema()):  # type: ignore[misc]
        raise UnreadableError("the file is cut off")
    return picture


@contextmanager
def _tolerant() -> Iterator[None]:
    before = ImageFile.LOAD_TRUNCATED_IMAGES
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = before
