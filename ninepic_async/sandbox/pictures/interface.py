"""The interface of an event's pictures. It imports none of the libraries that make them."""

from __future__ import annotations

from typing import Literal, Protocol

Rendition = Literal["large", "small", "original"]


class NotAPictureError(ValueError):
    """An upload is not a readable picture."""


class Pictures(Protocol):
    """An event's pictures. Each method takes milliseconds of CPU time: call it in a thread."""

    def photo(self, index: int, rendition: Rendition) -> bytes:
        """Return a photo as a JPEG."""
        ...

    def cover(self) -> bytes:
        """Return the event's cover as a JPEG."""
        ...

    def selfie(self, bib: str, take: int) -> bytes:
        """Return a selfie of the participant with a BIB, as a JPEG."""
        ...

    def stranger(self, take: int) -> bytes:
        """Return a selfie of somebody who is not in the event, as a JPEG."""
        ...

    def match(self, upload: bytes) -> tuple[str, ...]:
        """Return the BIBs of the people in an uploaded picture.

        Raises:
            NotAPictureError: The upload is not a readable picture.
        """
        ...

    def clip(self, bib: str, place: int) -> bytes:
        """Return a runner's clip from one of the event's source videos, as an MP4."""
        ...
