"""How the sandbox words its replies: the documented way, older ways, and other answers to our guesses."""

from __future__ import annotations

from attrs import frozen

from ninepic_async import guesses


@frozen(kw_only=True)
class ClipWords:
    """The status words of a Motion job, in the order it can pass through them."""

    queued: str = "queued"
    processing: str = "processing"
    completed: str = "completed"
    no_match: str = "no_match"
    failed: str = "failed"


@frozen(kw_only=True)
class Dialect:
    """One way of speaking the API. The defaults are the documented edition and our guesses.

    Attributes:
        flat: Payload at top level instead of the envelope (errors keep the envelope).
        misspelt: The earlier ``widht``, ``thumbanail_url`` and ``orginal_url``.
        late_flags: Whether event details hold the video and timeline flags, which older editions lack.
        selfie_field: Multipart field the selfie is expected in.
        adopts_request_ids: Whether a ``request_id`` never seen before is taken over; if not, it is refused.
        unknown_request_id_status: The status of that refusal.
        clip_words: Motion's status words.
        clip_status_key: The key that holds the status word.
        clip_list_key: The key that holds Motion's clips.
        clip_url_key: The key that holds a clip's URL.
        bare_clips: Clips are plain URL strings instead of objects.
    """

    flat: bool = False
    misspelt: bool = False
    late_flags: bool = True
    selfie_field: str = guesses.SELFIE_FIELD
    adopts_request_ids: bool = True
    unknown_request_id_status: int = guesses.UNKNOWN_REQUEST_ID_STATUS
    clip_words: ClipWords = ClipWords()
    clip_status_key: str = guesses.CLIP_STATUS_KEY
    clip_list_key: str = guesses.CLIP_LIST_KEYS[0]
    clip_url_key: str = guesses.CLIP_URL_KEYS[0]
    bare_clips: bool = False
