"""All guesses about the API: facts that 9Pic's public reference does not state.

The client and the sandbox both read the guesses from here. If a guess is wrong, the client falls back as
the guess's description says, or raises an error that names what it received instead.
"""

from __future__ import annotations

from typing import Final, Literal

SELFIE_FIELD: Final = "selfie"
"""The selfie's multipart field. If a server expects another field, its 422 names it, and the client then uses
that one."""

MISSING_FIELD_PROBLEM: Final = "field required"
"""Text of a 422 about a missing form field, as in ``body.file: Field required``. Compared without case."""

UNKNOWN_REQUEST_ID_STATUS: Final = 404
"""The status with which a server refuses a ``request_id`` that the client created. The client treats 400 and
422 in the same way: the reference says that all three reject a request before any work."""

FACES_PAGE_SIZE_MAX: Final = 100
TIMELINE_PAGE_SIZE_MAX: Final = 100
"""Documented for All Photos and BIB Search only. If a server's limit is smaller, the client follows the
``page_size`` of its replies."""

RETRYABLE_GATEWAY_STATUSES: Final = frozenset({502, 503, 504})
"""Gateway statuses that are retried, as are the documented 429 and 500. All others, such as 413, are not."""

ClipState = Literal["under_way", "done", "no_match", "failed", "unknown"]

CLIP_STATUS_KEY: Final = "status"
CLIP_LIST_KEYS: Final = ("clips", "videos", "results")
CLIP_URL_KEYS: Final = ("clip_url", "url", "video_url", "download_url")
"""The keys are tried in this order. A clip may also be a plain URL string."""

CLIP_STATUS_WORDS: Final[dict[ClipState, frozenset[str]]] = {
    "under_way": frozenset(
        {"pending", "queued", "accepted", "started", "running", "processing", "inprogress"}
    ),
    "done": frozenset({"completed", "complete", "done", "success", "succeeded", "ready", "finished"}),
    "no_match": frozenset({"nomatch", "nomatches", "notfound", "empty"}),
    "failed": frozenset({"failed", "failure", "error", "cancelled", "expired"}),
}
"""Motion's status words, compared without case, ``-``, ``_`` and spaces. After any other word, the client
keeps polling."""


def clip_state(word: str) -> ClipState:
    """Return the meaning of a Motion status word; ``"unknown"`` if the word is not listed."""
    folded = word.casefold().translate(_WORD_SEPARATORS)
    for state, words in CLIP_STATUS_WORDS.items():
        if folded in words:
            return state
    return "unknown"


_WORD_SEPARATORS: Final = {ord(separator): None for separator in "-_ "}

LINK_LIFETIME_KEYS: Final = (("x-amz-date", "x-amz-expires"), ("x-goog-date", "x-goog-expires"))
"""Query keys, in lower case: of the time of signing, and of the link's lifetime in seconds."""

LINK_EXPIRY_KEYS: Final = ("expires", "se", "exp", "expiry")
"""Query keys, in lower case, of the time when a link expires: Unix seconds or ISO 8601. Without any of them,
the client learns that a link has expired only when the host refuses it."""

LINK_EXPIRED_STATUSES: Final = frozenset({400, 401, 403, 410})
"""Statuses with which a host refuses an expired link. The client then gets a new link, whatever the body
says."""

LINK_EXPIRED_WORDS: Final = (b"expired", b"expiry")
"""Words in a host's reply to an expired link, compared without case. They affect only an error's text."""
