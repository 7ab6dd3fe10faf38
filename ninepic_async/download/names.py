"""File names that are safe wherever they come from. Pure."""

from __future__ import annotations

import re
import unicodedata
from hashlib import blake2b
from typing import Final
from urllib.parse import unquote

from ninepic_async._support.redact import mask_queries

PART: Final = ".part"
UNSIGNED: Final = "unsigned-"
"""What the journal's keys begin with for photos that the service could not sign a link for."""
LONGEST_BYTES: Final = 135
"""With ``.part`` behind it, short enough for eCryptfs (143), the narrowest filesystem in common use."""

_SEPARATORS: Final = re.compile(r"[/\\]")
# Refused by Windows, by POSIX, shown as another name than it is (bidirectional controls), or not seen at all:
# HFS+ would take a journal's name with an invisible character in it for the journal.
_UNSAFE: Final = re.compile(
    '[\\x00-\\x1f\\x7f-\\x9f<>:"|?*\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff\ufffd]'
)
# Windows' devices, and the page that is a gallery's, or that a web server shows for the folder.
_RESERVED: Final = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])[ ]*(\.|$)|index\.html?$", re.IGNORECASE
)
_PATH: Final = re.compile(r"[^:/?#]+://[^/?#]*([^?#]*)")
_EXTENSION: Final = re.compile(r"\.[A-Za-z0-9]{1,8}")


def safe_name(name: str) -> str:
    """Make one harmless file name of any text; a name that is harmless stays as it is.

    The result is never empty, has no path parts, does not begin with a dot (the journal does), does not end
    in ``.part`` (unfinished files do), and is at most `LONGEST_BYTES` long in UTF-8.
    """
    last = _SEPARATORS.split(mask_queries(name).rstrip("/\\"))[-1]
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
    """Split a name into stem and extension; only a short plain extension counts as one."""
    head, dot, extension = name.rpartition(".")
    if head and _EXTENSION.fullmatch(dot + extension):
        return head, dot + extension
    return name, ""


def stem(filename: str) -> str:
    """Give an original's file name without its extension: its ``image_id``."""
    head, dot, _ = filename.rpartition(".")
    return head if dot and head else filename


def distinct(name: str, mark: str) -> str:
    """Give a name that another photo has already a mark of its own."""
    head, extension = split(name)
    room = LONGEST_BYTES - len(extension) - len(mark) - 1
    return safe_name(head.encode()[:room].decode("utf-8", "ignore").rstrip(". ") + "~" + mark + extension)


def folded(name: str) -> str:
    """Give what two names have in common on a disk that knows no case."""
    return unicodedata.normalize("NFC", name.casefold())


def url_path(url: str) -> str:
    """Give a link's path: what stays the same when it is signed again."""
    found = _PATH.match(url)
    return "" if found is None else found[1]


def extension_of(url: str, fallback: str) -> str:
    """Give the extension that a link's path ends in."""
    return split(unquote(url_path(url)).rpartition("/")[2])[1] or fallback


def key_of(*parts: str) -> str:
    """Give the short name by which the journal knows a photo again; nothing can be read back from it."""
    return blake2b("\0".join(parts).encode("utf-8", "replace"), digest_size=12).hexdigest()
