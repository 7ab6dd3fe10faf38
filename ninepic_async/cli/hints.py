"""Hints for the user: the next step after each kind of error."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ninepic_async import errors

_REQUEST_ID: Final = (
    "Use --request-id {} instead of the selfie to continue without a second charge. "
    "If the service does not know it, give the selfie again."
)
_MAY_HAVE_RESULT: Final = (
    errors.APIConnectionError,
    errors.ClipJobTimeoutError,
    errors.DecodeError,
    errors.InternalServerError,
    errors.RateLimitError,
)
"""After these errors, the service may still have a result."""
_BY_ERROR: Final[tuple[tuple[type[Exception], str], ...]] = (
    (errors.AuthenticationError, "Check the API key: NINEPIC_API_KEY, or --api-key-file."),
    (errors.FeatureDisabledError, "`ninepic event ID` shows which searches this event offers."),
    (
        errors.PermissionDeniedError,
        "Check that key, organisation and event belong together; `ninepic events` lists the events.",
    ),
    (errors.UnprocessableEntityError, "Correct the fields named above."),
    (errors.NotFoundError, "`ninepic events` lists the events; a --request-id must be of the same event."),
    (errors.BadRequestError, "Check the ids: `ninepic photos ID` lists those of an event's photos."),
    (
        errors.RateLimitError,
        "Wait a minute; for downloads, --concurrency 4 also helps.",
    ),
    (errors.InternalServerError, "The service has a problem. Run the same command again later."),
    (errors.APITimeoutError, "Try again, with a longer --timeout SECONDS if necessary."),
    (errors.APIConnectionError, "Check the network, and --base-url or NINEPIC_BASE_URL."),
    (
        errors.DecodeError,
        "This version can't read this reply. Check for a newer version of ninepic-async.",
    ),
    (errors.EventNotFoundError, "`ninepic events --search TEXT` lists events by a part of their name."),
    (errors.DownloadError, "Then run the same command again: it continues where this one stopped."),
)
_WRONG_ID: Final = (
    "Check --request-id: it is the UUID that a selfie search of this event printed, such as "
    "5d1f6a0e-3c0b-4f0e-9a53-9b1c70c6d0de."
)
_WRONG_SELFIE: Final = "Give a photo of one face, as JPEG or PNG."
_UPLOADS: Final = frozenset({"face_search", "start_clips"})
_NO_PROXY: Final = "Check the network, and --proxy, HTTPS_PROXY or ALL_PROXY."
_IN_TERMS_OF_OPTIONS: Final = (
    ("with HTTPOptions(allow_plain_http=True)", "with --allow-plain-http"),
    ("HTTPOptions(proxy=…)", "--proxy"),
    ("; continue with event.clip_job(request_id)", ""),
    (": continue with event.clip_job(request_id)", ""),
    ("; find_event() takes a slug or a name", ""),
)
"""Names in error messages of the SDK, and the names for them on the command line."""
_BY_REQUEST_ID: Final = frozenset({"face_results", "clip_status", "start_clips", "originals"})


def in_terms_of_options(text: str) -> str:
    """Replace names of the SDK in a message by those of the command line."""
    for ours, option in _IN_TERMS_OF_OPTIONS:
        text = text.replace(ours, option)
    return text


def hint_for(error: Exception, argv: Sequence[str] = ()) -> str | None:
    """Return one line that says what to do next; None if there is no hint.

    Args:
        error: the error.
        argv: the command's arguments.
    """
    request_id = getattr(error, "request_id", None)
    if request_id and isinstance(error, _MAY_HAVE_RESULT):
        return _REQUEST_ID.format(request_id)
    wrong = (errors.BadRequestError, errors.NotFoundError, errors.UnprocessableEntityError)
    has_id = any(argument.partition("=")[0] == "--request-id" for argument in argv)
    if has_id and isinstance(error, wrong) and error.endpoint in _BY_REQUEST_ID:
        return _WRONG_ID
    if isinstance(error, errors.BadRequestError) and error.endpoint in _UPLOADS:
        return _WRONG_SELFIE
    if isinstance(error, errors.APIConnectionError) and "the proxy" in str(error):
        return _NO_PROXY
    if isinstance(error, errors.RateLimitError) and error.retry_after:
        return f"Run the same command again in {error.retry_after:.0f} seconds."
    if isinstance(error, errors.InvalidInputError) and argv:
        return f"`ninepic {argv[0]} --help` shows its arguments."
    return next((hint for kind, hint in _BY_ERROR if isinstance(error, kind)), None)
