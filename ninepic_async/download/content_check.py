"""Whether bytes are what their file's name says, told from their beginning. Pure."""

from __future__ import annotations

from typing import Final

HEAD_BYTES: Final = 512
IMAGES: Final = frozenset({".jpg", ".jpeg", ".jpe", ".png", ".gif", ".webp", ".heic", ".heif", ".avif"})
VIDEOS: Final = frozenset({".mp4", ".m4v", ".mov", ".webm", ".mkv"})
_TEXTS: Final = frozenset({".json", ".xml", ".html", ".htm", ".svg", ".txt", ".csv"})
_JPEG_END: Final = b"\xff\xd9"


def _is_image(head: bytes) -> bool:
    return (
        head.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"BM", b"II*\0", b"MM\0*"))
        or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")
        or head[4:8] == b"ftyp"
    )


def _is_video(head: bytes) -> bool:
    return head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip") or head.startswith(
        b"\x1a\x45\xdf\xa3"
    )


def wrong_content(extension: str, head: bytes, content_type: str) -> str | None:
    """Say what is wrong with a file that begins so.

    Args:
        extension: what its name ends in.
        head: its first bytes, `HEAD_BYTES` of them if it has as many.
        content_type: what the host called it.

    Returns:
        What came instead, or None if nothing speaks against it.
    """
    extension = extension.casefold()
    if not head:
        return "an empty file came"
    if extension in IMAGES:
        wrong = not _is_image(head)
    elif extension in VIDEOS:
        wrong = not _is_video(head)
    else:
        wrong = extension not in _TEXTS and head.lstrip()[:1] in (b"<", b"{")
    if not wrong:
        return None
    called = content_type.partition(";")[0].strip()[:60] or "no content type"
    return f"what came is not what {extension or 'its name'} stands for ({called}, {bytes(head[:16])!r})"


def ends_whole(extension: str, tail: bytes) -> bool:
    """Whether a file whose length the host did not tell ends as it must; known of JPEGs only."""
    return extension.casefold() in (".jpg", ".jpeg", ".jpe") and tail.rstrip(b"\0").endswith(_JPEG_END)
