"""Addresses on the photo host, and the signed ones that expire."""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import Final, Literal
from urllib.parse import urlencode

from attrs import frozen

PICTURE_ENDPOINTS: Final = ("cover", "photo", "original", "clip")
"""Names of what the photo host serves."""
Verdict = Literal["good", "expired", "tampered"]


@frozen
class Links:
    """Makes and checks addresses below one photo host."""

    origin: str
    secret: bytes
    lifetime_s: float

    def photo(self, event_id: int, rendition: str, image_id: str) -> str:
        """A photo that anybody may fetch."""
        return f"{self.origin}/imgs/{event_id}/{rendition}/{image_id}.jpg"

    def clip(self, event_id: int, request_id: str, video_id: str) -> str:
        """A clip that anybody may fetch."""
        return f"{self.origin}/clips/{event_id}/{request_id}/{video_id}.mp4"

    def original(self, event_id: int, image_id: str, now: float) -> str:
        """An original, signed and good for ``lifetime_s`` seconds."""
        path = f"/originals/{event_id}/{image_id}.jpg"
        expires = str(int(now + self.lifetime_s))
        query = urlencode({"expires": expires, "signature": self._sign(path, expires)})
        return f"{self.origin}{path}?{query}"

    def check(self, path: str, expires: str, signature: str, now: float) -> Verdict:
        """Whether a signed address is good now."""
        expected = self._sign(path, expires)
        if not hmac.compare_digest(expected.encode(), signature.encode()):
            return "tampered"
        return "good" if now < int(expires) else "expired"

    def _sign(self, path: str, expires: str) -> str:
        return hmac.new(self.secret, f"{path}\n{expires}".encode(), sha256).hexdigest()
