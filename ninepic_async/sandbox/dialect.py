"""The wording of the replies: as documented, as in older editions, or different from our guesses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from attrs import frozen

from ninepic_async import guesses


@frozen(kw_only=True)
class ClipWords:
    """The status words of a Motion job."""

    queued: str = "queued"
    processing: str = "processing"
    completed: str = "completed"
    no_match: str = "no_match"
    failed: str = "failed"


@frozen(kw_only=True)
class Dialect:
    """The wording of the API's replies. The defaults are the documented edition and our guesses.

    Attributes:
        flat: Send the payload at top level, without the envelope. Errors still have the envelope.
        misspelt: Use the older keys ``widht``, ``thumbanail_url`` and ``orginal_url``.
        late_flags: Send the video and timeline flags in event details; older editions lack them.
        selfie_field: Multipart field of the selfie.
        missing_field_problem: The text of a 422 about a missing form field.
        adopts_request_ids: Accept a ``request_id`` that the client created; if False, refuse it.
        unknown_request_id_status: Status of that refusal: 400, 404 or 422.
        ignores_request_ids: Ignore a ``request_id`` that the client created, and create another one.
        unknown_bib_status: Status of a BIB search that finds no photos; older editions show 404.
        faces_page_size_max: Largest page of Face Search.
        timeline_page_size_max: Largest page of the timeline's photos.
        gateway_status: Answer the first attempt of each call with this status and HTML, as a gateway does;
            None: answer normally.
        clip_words: Motion's status words.
        clip_status_key: Key of the status word.
        clip_list_key: Key of the list of clips.
        clip_url_key: Key of a clip's URL.
        bare_clips: Send clips as plain URLs instead of objects.
        link_keys: Query keys of signed links: either one key for the Unix time of expiry, or two keys for the
            time of signing (``20260119T060000Z``) and the lifetime in seconds.
        link_expired_status: Status of the photo host's reply to an expired link.
        link_expired_text: Text of that reply.
    """

    flat: bool = False
    misspelt: bool = False
    late_flags: bool = True
    selfie_field: str = guesses.SELFIE_FIELD
    missing_field_problem: str = guesses.MISSING_FIELD_PROBLEM.capitalize()
    adopts_request_ids: bool = True
    unknown_request_id_status: int = guesses.UNKNOWN_REQUEST_ID_STATUS
    ignores_request_ids: bool = False
    unknown_bib_status: int = 200
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
        """Return the guessed largest page sizes, by endpoint."""
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
"""For each guess in `ninepic_async.guesses`, by name: a dialect in which that guess is wrong."""
