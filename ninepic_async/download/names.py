"""Make file names that are safe on every file system, whatever the service sends. No I/O."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from ninepic_async._support.redact import mask_queries

PART: Final = ".part"
"""The suffix of a partial file's name."""
LONGEST_BYTES: Final = 135
"""With ``.part`` added, this fits eCryptfs (143 bytes), the shortest limit in common use."""
_LONGEST_INPUT: Final = 4096
"""Longer text is cut before Unicode normalisation, which can take quadratic time."""

_ORDINARY: Final = re.compile(
    r"[0-9A-Za-z][0-9A-Za-z_-]{7,100}\.(?:jpe?g|png|gif|webp|heic|avif|tiff?|dng|mp4|mov|webm)"
)
"""Matches names that are safe. Most names are, and the full check takes ten times as long."""
_SEPARATORS: Final = re.compile(r"[/\\]")
# Characters that Windows or POSIX refuse, and invisible or bidirectional ones, with which a name looks like
# another one. HFS+ even ignores some of them when it compares names.
_UNSAFE: Final = re.compile(
    '[\\x00-\\x1f\\x7f-\\x9f<>:"|?*\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff\ufffd]'
)
# Windows device names, and the page that a web server shows for a folder.
_RESERVED: Final = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])[ ]*(\.|$)|index\.html?$", re.IGNORECASE
)
_EXTENSION: Final = re.compile(r"\.[A-Za-z0-9]{1,8}")


def safe_name(name: str) -> str:
    """Return a safe file name for any text. A name that is safe already stays as it is.

    The result is not empty, has no folder in it, does not begin with a dot or end in ``.part``, and has at
    most `LONGEST_BYTES` bytes in UTF-8.
    """
    if _ORDINARY.fullmatch(name):
        return name
    last = _SEPARATORS.split(mask_queries(name[:_LONGEST_INPUT]).rstrip("/\\"))[-1]
    text = _shortened(_UNSAFE.sub("_", unicodedata.normalize("NFC", last)).strip(" ").rstrip(". "))
    if text.startswith("."):
        text = "_" + text[1:]
    if _RESERVED.match(text):
        text = _shortened("_" + text)
    if text.casefold().endswith(PART):
        text = text[: -len(PART)] + "_" + PART[1:]
    return text or "_"


def _shortened(text: str) -> str:
    if len(text.encode()) <= LONGEST_BYTES:
        return text
    head, extension = split(text)
    room = LONGEST_BYTES - len(extension)
    return head.encode()[:room].decode("utf-8", "ignore").rstrip(". ") + extension


def split(name: str) -> tuple[str, str]:
    """Split a name into stem and extension. Only a short alphanumeric extension counts as one."""
    head, dot, extension = name.rpartition(".")
    if head and _EXTENSION.fullmatch(dot + extension):
        return head, dot + extension
    return name, ""


def stem(filename: str) -> str:
    """Return a file name without its extension: for an original this is its ``image_id``."""
    head, dot, _ = filename.rpartition(".")
    return head if dot and head else filename


def with_extension(name: str, extension: str) -> str:
    """Return a safe name with another extension, for content of another type than the name says."""
    return safe_name(split(name)[0] + extension)


def distinct(name: str, mark: str) -> str:
    """Add a mark to the stem of a name, for a photo whose name is taken."""
    head, extension = split(name)
    room = LONGEST_BYTES - len(extension) - len(mark) - 1
    return safe_name(head.encode()[:room].decode("utf-8", "ignore").rstrip(". ") + "~" + mark + extension)


def folded(name: str) -> str:
    """Return a form that is equal for two names of the same file on a case-insensitive disk."""
    return unicodedata.normalize("NFC", name.casefold())
