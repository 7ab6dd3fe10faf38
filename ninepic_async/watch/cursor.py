"""The position of a watch, as text that can be stored. No I/O."""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from typing import Final, Self

from attrs import define, field

from ninepic_async.errors import InvalidInputError
from ninepic_async.watch.sketch import SKETCH_BYTES, Sketch

MAX_CURSOR_CHARS: Final = 4_000
_VERSION: Final = "1"
_FORM: Final = re.compile(r"(\d{1,9})\.(\d{1,18})\.(\d{1,18})\.([A-Za-z0-9_-]{1,4000})", re.ASCII)
_WHAT_TO_DO: Final = 'pass the .cursor of a GalleryChange, "start", or None'


@define(kw_only=True)
class Cursor:
    """The photos that a watch has reported or skipped.

    Attributes:
        event_id: the number of the watched event.
        count: how many photos the cursor contains.
        sketch: the set of these photos.
    """

    event_id: int
    count: int = 0
    sketch: Sketch = field(factory=Sketch)

    def add(self, key: int) -> None:
        """Add a photo."""
        self.count += 1
        self.sketch.add(key)

    def remove(self, key: int) -> None:
        """Remove a photo that was deleted from the event."""
        self.count -= 1
        self.sketch.remove(key)

    def to_text(self) -> str:
        """Return the cursor as text, of at most `MAX_CURSOR_CHARS` characters."""
        packed = base64.urlsafe_b64encode(zlib.compress(self.sketch.to_bytes(), 9)).decode().rstrip("=")
        return f"{_VERSION}.{self.event_id}.{self.count}.{packed}"

    @classmethod
    def from_text(cls, text: object, event_id: int) -> Self:
        """Read a cursor.

        Raises:
            InvalidInputError: ``text`` is not a cursor, or it has another version or another event.
        """
        found = None
        if isinstance(text, str) and len(text) <= MAX_CURSOR_CHARS:
            found = _FORM.fullmatch(text)
        if found is None:
            raise InvalidInputError(f"since is not a cursor of watch(): {_WHAT_TO_DO}")
        version, of_event, count, packed = found.groups()
        if version != _VERSION:
            raise InvalidInputError(
                f"since is a cursor of version {version}, but this SDK reads {_VERSION}: {_WHAT_TO_DO}"
            )
        if int(of_event) != event_id:
            raise InvalidInputError(
                f"since is a cursor of event {of_event}, but this is event {event_id}: {_WHAT_TO_DO}"
            )
        return cls(event_id=event_id, count=int(count), sketch=Sketch.from_bytes(_unpacked(packed)))


def _unpacked(packed: str) -> bytes:
    unpacker = zlib.decompressobj()
    try:
        compressed = base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))
        content = unpacker.decompress(compressed, SKETCH_BYTES + 1)
    except (ValueError, binascii.Error, zlib.error):
        content = b""
    if len(content) != SKETCH_BYTES or not unpacker.eof or unpacker.unused_data:
        raise InvalidInputError(f"since is a damaged cursor: {_WHAT_TO_DO}")
    return content
