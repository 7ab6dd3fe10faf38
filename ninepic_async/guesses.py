"""Every fact about the API that 9Pic's public reference does not state.

The client and the sandbox both read the guesses from here. If a guess is wrong, the client falls back as the
comment says, or raises an error that names what it received instead.
"""

from __future__ import annotations

from typing import Final, Literal

SELFIE_FIELD: Final = "selfie"
"""The selfie's multipart field. If a server expects another one, its 422 names it, and the client uses it."""

MISSING_FIELD_PROBLEM: Final = "field required"
"""A 422's text for a missing form field, as in ``body.file: Field required``. Compared without case."""

UNKNOWN_REQUEST_ID_STATUS: Final = 404
"""The status of a server that accepts no new ``request_id`` in a POST. The client treats a 400 or 422 in the
same way: the reference says that all three reject a request before any work."""

FACES_PAGE_SIZE_MAX: Final = 100
TIMELINE_PAGE_SIZE_MAX: Final = 100
"""Documented for the gallery and BIB search only. A smaller limit shows as a clamped ``page_size``."""

RETRYABLE_GATEWAY_STATUSES: Final = frozenset({502, 503, 504})
"""Gateway statuses to retry, as well as the documented 429 and 500. All others, such as 413, are final."""

ClipState = Literal["under_way", "done", "no_match", "failed", "unknown"]

CLIP_STATUS_KEY: Final = "status"
CLIP_LIST_KEYS: Final = ("clips", "videos", "results")
CLIP_URL_KEYS: Final = ("clip_url", "url", "video_url", "download_url")
"""Looked up in this order. A clip may also be a bare URL string."""

CLIP_STATUS_WORDS: Final[dict[ClipState, frozenset[str]]] = {
    "under_way": frozenset(
        {"pending", "queued", "accepted", "started", "running", "processing", "inprogress"}
    ),
    "done": frozenset({"completed", "complete", "done", "success", "succeeded", "ready", "finished"}),
    "no_match": frozenset({"nomatch", "nomatches", "notfound", "empty"}),
    "failed": frozenset({"failed", "failure", "error", "cancelled", "expired"}),
}
"""Motion's status words, compared without case, ``-``, ``_`` and spaces. For any other word, keep polling."""


def clip_state(word: str) -> ClipState:
    """Return what one of Motion's status words means; ``"unknown"`` for a word that is not listed."""
    folded = word.casefold().translate(_WORD_SEPARATORS)
    for state, words in CLIP_STATUS_WORDS.items():
        if folded in words:
            return state
    return "unknown"


_WORD_SEPARATORS: Final = {ord(separator): None for separator in "-_ "}

LINK_LIFETIME_KEYS: Final = (("x-amz-date", "x-amz-expires"), ("x-goog-date", "x-goog-expires"))
"""Query keys, in lower case, of the time of signing and of the link's lifetime in seconds."""

LINK_EXPIRY_KEYS: Final = ("expires", "se", "exp", "expiry")
"""Query keys, in lower case, of the time when a link expires: Unix seconds or ISO 8601. Without any of them,
only the host's refusal shows that a link has expired."""

LINK_EXPIRED_STATUSES: Final = frozenset({400, 401, 403, 410})
"""Statuses by which a host refuses an expired link. The link is then signed again, whatever the body says."""

LINK_EXPIRED_WORDS: Final = (b"expired", b"expiry")
"""Words in a host's reply to an expired link, compared without case. Only an error's text depends on them."""
