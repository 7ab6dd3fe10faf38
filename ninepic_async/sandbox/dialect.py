"""How the sandbox words its replies: the documented way, older ways, and other answers to our guesses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

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
        missing_field_problem: What a 422 says of a form field that is not there.
        adopts_request_ids: Whether a ``request_id`` never seen before is taken over; if not, it is refused.
        unknown_request_id_status: The status of that refusal.
        faces_page_size_max: Largest page of Face Search.
        timeline_page_size_max: Largest page of the timeline's photos.
        gateway_status: What the gateway in front answers, as HTML, when a call is made for the first time;
            None: it lets all pass.
        clip_words: Motion's status words.
        clip_status_key: The key that holds the status word.
        clip_list_key: The key that holds Motion's clips.
        clip_url_key: The key that holds a clip's URL.
        bare_clips: Clips are plain URL strings instead of objects.
        link_keys: Query keys of signed links: one for the Unix time they expire at, or two, for the moment
            they were signed at (as ``20260119T060000Z``) and the seconds they are good for.
        link_expired_status: What the photo host answers to a link that has expired.
        link_expired_text: What it says to that.
    """

    flat: bool = False
    misspelt: bool = False
    late_flags: bool = True
    selfie_field: str = guesses.SELFIE_FIELD
    missing_field_problem: str = guesses.MISSING_FIELD_PROBLEM.capitalize()
    adopts_request_ids: bool = True
    unknown_request_id_status: int = guesses.UNKNOWN_REQUEST_ID_STATUS
    faces_page_size_max: int = guesses.FACES_PAGE_SIZE_MAX
    timeline_page_size_max: int = guesses.TIMELINE_PAGE_SIZE_MAX
    gateway_status: int | None = None
    clip_words: ClipWords = ClipWords()
    clip_status_key: str = guesses.CLIP_STATUS_KEY
    clip_list_key: str = guesses.CLIP_LIST_KEYS[0]
    clip_url_key: str = guesses.CLIP_URL_KEYS[0]
    bare_clips: bool = False
    link_keys: tuple[str] | tuple[str, str] = (guesses.LINK_EXPIRY_KEYS[0],)
    link_expired_status: int = 403
    link_expired_text: str = "Request has expired"

    @property
    def page_size_maxima(self) -> Mapping[str, int]:
        """The largest pages that are guessed, by endpoint."""
        return {
            "face_search": self.faces_page_size_max,
            "face_results": self.faces_page_size_max,
            "timeline_photos": self.timeline_page_size_max,
        }


OPPOSITES: Final[Mapping[str, Dialect]] = {
    "SELFIE_FIELD": Dialect(selfie_field="file"),
    "MISSING_FIELD_PROBLEM": Dialect(selfie_field="file", missing_field_problem="No such part in the form"),
    "UNKNOWN_REQUEST_ID_STATUS": Dialect(adopts_request_ids=False, unknown_request_id_status=400),
    "FACES_PAGE_SIZE_MAX": Dialect(faces_page_size_max=4),
    "TIMELINE_PAGE_SIZE_MAX": Dialect(timeline_page_size_max=7),
    "RETRYABLE_GATEWAY_STATUSES": Dialect(gateway_status=520),
    "CLIP_STATUS_KEY": Dialect(clip_status_key="phase"),
    "CLIP_LIST_KEYS": Dialect(clip_list_key="media"),
    "CLIP_URL_KEYS": Dialect(clip_url_key="href"),
    "CLIP_STATUS_WORDS": Dialect(
        clip_words=ClipWords(queued="S0", processing="S1", completed="S2", no_match="S3", failed="S4")
    ),
    "LINK_LIFETIME_KEYS": Dialect(link_keys=("signed-at", "good-for")),
    "LINK_EXPIRY_KEYS": Dialect(link_keys=("good-until",)),
    "LINK_EXPIRED_STATUSES": Dialect(link_expired_status=404),
    "LINK_EXPIRED_WORDS": Dialect(link_expired_text="Access Denied"),
}
"""By the names in `ninepic_async.guesses`: a server of which that guess is not true.

``FEATURES_ARE_SWITCHED_BY`` is not here: no server says it.
"""
