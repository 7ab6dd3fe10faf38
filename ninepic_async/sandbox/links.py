"""Links to the photo host: public ones, and signed ones that expire."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping, Sequence
from contextvars import ContextVar
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final, Literal
from urllib.parse import urlencode

from attrs import frozen

_DATE: Final = "%Y%m%dT%H%M%SZ"

CALLED_HOST: Final[ContextVar[str | None]] = ContextVar("CALLED_HOST", default=None)
"""The host name in the current request, if other machines can reach the sandbox; None if they can't."""

Verdict = Literal["good", "expired", "tampered"]


@frozen
class Links:
    """Builds and checks links to one photo host; ``keys`` are `Dialect.link_keys`."""

    own_origin: str
    secret: bytes
    lifetime_s: float
    keys: tuple[str] | tuple[str, str] = ("expires",)

    @property
    def origin(self) -> str:
        """Return the photo host's origin, with the host name of the current request."""
        host = CALLED_HOST.get()
        return self.own_origin if host is None else f"http://{host}:{self.own_origin.rpartition(':')[2]}"

    def photo(self, event_id: int, rendition: str, image_id: str) -> str:
        """Return the public link of a photo."""
        return f"{self.origin}/imgs/{event_id}/{rendition}/{image_id}.jpg"

    def clip(self, event_id: int, request_id: str, video_id: str) -> str:
        """Return the public link of a clip."""
        return f"{self.origin}/clips/{event_id}/{request_id}/{video_id}.mp4"

    def original(self, event_id: int, image_id: str, now: float) -> str:
        """Return a signed link to an original, valid for ``lifetime_s`` seconds."""
        path = f"/originals/{event_id}/{image_id}.jpg"
        stamps = self._stamps(int(now))
        query = urlencode({**stamps, "signature": self._sign(path, stamps.values())})
        return f"{self.origin}{path}?{query}"

    def check(self, path: str, query: Mapping[str, str], now: float) -> Verdict:
        """Return whether a signed link is valid now."""
        stamps = [query.get(key, "") for key in self.keys]
        expected = self._sign(path, stamps)
        if not hmac.compare_digest(expected.encode(), query.get("signature", "").encode()):
            return "tampered"
        return "good" if now < _end(stamps) else "expired"

    def _stamps(self, now: int) -> dict[str, str]:
        if len(self.keys) == 1:
            return {self.keys[0]: str(int(now + self.lifetime_s))}
        signed_at = datetime.fromtimestamp(now, UTC).strftime(_DATE)
        return {self.keys[0]: signed_at, self.keys[1]: f"{self.lifetime_s:g}"}

    def _sign(self, path: str, stamps: Iterable[str]) -> str:
        text = "\n".join([path, *stamps])
        return hmac.new(self.secret, text.encode(), sha256).hexdigest()


def _end(stamps: Sequence[str]) -> float:
    if len(stamps) == 1:
        return int(stamps[0])
    return datetime.strptime(stamps[0], _DATE).replace(tzinfo=UTC).timestamp() + float(stamps[1])
