"""Every wire fact that 9Pic's public reference does not state.

Correct a guess here and both the client and the sandbox follow. Where a guess turns out to be wrong at run
time, the client falls back as each comment says, or raises an error that names what came instead.
"""

from __future__ import annotations

from typing import Final, Literal

SELFIE_FIELD: Final = "selfie"
"""Multipart field of the selfie. If refused, the 422 names the right one, which the client then uses."""

MISSING_FIELD_PROBLEM: Final = "field required"
"""What a 422 says of an absent form field (compared without case), as in ``body.file: Field required``."""

UNKNOWN_REQUEST_ID_STATUS: Final = 404
"""How a server answers a POST whose ``request_id`` it has never seen, if it does not simply adopt it."""

FACES_PAGE_SIZE_MAX: Final = 100
TIMELINE_PAGE_SIZE_MAX: Final = 100
"""Stated for the gallery and BIB search only. A smaller limit shows as a clamped ``page_size``."""

RETRYABLE_GATEWAY_STATUSES: Final = frozenset({502, 503, 504})
"""Gateway answers worth another try, beside the documented 429 and 500. All others (413 too) are final."""

ClipState = Literal["under_way", "done", "no_match", "failed", "unknown"]

CLIP_STATUS_KEY: Final = "status"
CLIP_LIST_KEYS: Final = ("clips", "videos", "results")
CLIP_URL_KEYS: Final = ("clip_url", "url", "video_url", "download_url")
"""Accepted in this order; a clip may also be a bare URL string."""

CLIP_STATUS_WORDS: Final[dict[ClipState, frozenset[str]]] = {
    "under_way": frozenset(
        {"pending", "queued", "accepted", "started", "running", "processing", "inprogress"}
    ),
    "done": frozenset({"completed", "complete", "done", "success", "succeeded", "ready", "finished"}),
    "no_match": frozenset({"nomatch", "nomatches", "notfound", "empty"}),
    "failed": frozenset({"failed", "failure", "error", "cancelled", "expired"}),
}
"""Motion's status words, compared without case, ``-``, ``_`` and spaces. Any other is no answer yet."""


def clip_state(word: str) -> ClipState:
    """Tell what one of Motion's status words means; ``"unknown"`` for a word that is in no list."""
    folded = word.casefold().translate(_WORD_SEPARATORS)
    for state, words in CLIP_STATUS_WORDS.items():
        if folded in words:
            return state
    return "unknown"


_WORD_SEPARATORS: Final = {ord(separator): None for separator in "-_ "}

FEATURES_ARE_SWITCHED_BY: Final = "the event's organiser, in the event's settings on 9Pic"
"""Who turns a search on; the reference names the flags but not the hand."""

LINK_LIFETIME_KEYS: Final = (("x-amz-date", "x-amz-expires"), ("x-goog-date", "x-goog-expires"))
"""Query keys, in lower case, of when a link was signed and how many seconds it is good for."""

LINK_EXPIRY_KEYS: Final = ("expires", "se", "exp", "expiry")
"""Query keys, in lower case, of the moment a link expires: Unix seconds or ISO 8601. Without any of these
the host's refusal tells."""

LINK_EXPIRED_STATUSES: Final = frozenset({400, 401, 403, 410})
LINK_EXPIRED_WORDS: Final = (b"expired", b"expiry")
"""How a host refuses an expired link: one of these statuses, with one of these words in the body, in any
case. Any other 403 is final."""
