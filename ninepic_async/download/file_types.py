"""Recognize photo and video types from a file's first bytes. No I/O."""

from __future__ import annotations

from typing import Final

HEAD_BYTES: Final = 512
"""The number of first bytes that `detect` needs."""

_RAW: Final = frozenset(
    {".dng", ".cr2", ".nef", ".nrw", ".arw", ".srw", ".pef", ".orf", ".rw2", ".raf", ".cr3"}
)
_SPELLINGS: Final[dict[str, frozenset[str]]] = {
    ".jpg": frozenset({".jpg", ".jpeg", ".jpe", ".jfif"}),
    ".png": frozenset({".png"}),
    ".gif": frozenset({".gif"}),
    ".webp": frozenset({".webp"}),
    ".bmp": frozenset({".bmp"}),
    ".tif": frozenset({".tif", ".tiff"}) | _RAW,
    ".heic": frozenset({".heic", ".heif", ".hif"}),
    ".avif": frozenset({".avif"}),
    ".jxl": frozenset({".jxl"}),
    ".cr3": frozenset({".cr3"}),
    ".raf": frozenset({".raf"}),
    ".orf": frozenset({".orf"}),
    ".rw2": frozenset({".rw2"}),
    ".mp4": frozenset({".mp4", ".m4v", ".mov"}),
    ".mov": frozenset({".mov", ".mp4", ".m4v"}),
    ".webm": frozenset({".webm", ".mkv"}),
}
"""For each type that `detect` returns, the extensions a file of that type may have."""

VIDEOS: Final = frozenset({".mp4", ".m4v", ".mov", ".webm", ".mkv"})
IMAGES: Final[frozenset[str]] = frozenset[str]().union(*_SPELLINGS.values()) - VIDEOS
"""With `VIDEOS`, the only extensions that files are stored under."""

_SIGNATURES: Final[tuple[tuple[bytes, str], ...]] = (
    (b"\xff\xd8\xff", ".jpg"),
    (b"\x89PNG\r\n\x1a\n", ".png"),
    (b"GIF8", ".gif"),
    (b"II*\0", ".tif"),
    (b"MM\0*", ".tif"),
    (b"FUJIFILMCCD-RAW", ".raf"),
    (b"IIRO", ".orf"),
    (b"IIRS", ".orf"),
    (b"MMOR", ".orf"),
    (b"IIU\0", ".rw2"),
    (b"\xff\x0a", ".jxl"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", ".jxl"),
    (b"\x1a\x45\xdf\xa3", ".webm"),
)
_BRANDS: Final = {
    b"avif": ".avif",
    b"avis": ".avif",
    b"heic": ".heic",
    b"heix": ".heic",
    b"heim": ".heic",
    b"heis": ".heic",
    b"hevc": ".heic",
    b"hevx": ".heic",
    b"mif1": ".heic",
    b"msf1": ".heic",
    b"crx ": ".cr3",
    b"qt  ": ".mov",
}
_QUICKTIME_BOXES: Final = frozenset({b"moov", b"mdat", b"wide", b"free", b"skip"})


def detect(head: bytes) -> str | None:
    """Return the usual extension for a file with these first bytes; None if it is not a photo or video."""
    for signature, extension in _SIGNATURES:
        if head.startswith(signature):
            return extension
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return ".webp"
    if head[:2] == b"BM" and head[6:10] == b"\0\0\0\0":
        return ".bmp"
    if head[4:8] == b"ftyp":
        return _brand(head)
    return ".mov" if head[4:8] in _QUICKTIME_BOXES else None


def _brand(head: bytes) -> str:
    major = head[8:12]
    if major in (b"mif1", b"msf1") and b"avif" in head[16 : min(int.from_bytes(head[:4]), HEAD_BYTES)]:
        return ".avif"
    return _BRANDS.get(major, ".mp4")


def right_extension(extension: str, head: bytes) -> str | None:
    """Return the extension that a file should have.

    Args:
        extension: the extension of its name.
        head: its first `HEAD_BYTES` bytes, or the whole file if it is shorter.

    Returns:
        The same extension if it fits the content; otherwise the one that does. None if the content is not a
        photo or video, or if it is a video in place of a photo or a photo in place of a video.
    """
    detected, named = detect(head), extension.casefold()
    if detected is None or named in (IMAGES if detected in VIDEOS else VIDEOS):
        return None
    return extension if named in _SPELLINGS[detected] else detected


def unexpected_content(extension: str, head: bytes, content_type: str) -> str:
    """Describe content that is not a photo or video; the arguments are those of `right_extension`."""
    if not head:
        return "the file is empty"
    sent_type = content_type.partition(";")[0].strip()[:60] or "no content type"
    expected = "a video" if extension.casefold() in VIDEOS else "a photo"
    return f"the content is not {expected} ({sent_type}, {bytes(head[:16])!r})"
