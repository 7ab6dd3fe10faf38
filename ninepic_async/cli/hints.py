"""What to do next after each kind of error."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ninepic_async import errors

_REQUEST_ID: Final = "Use --request-id {} instead of the selfie to continue without a second charge."
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
    (
        errors.BadRequestError,
        "Check the ids (`ninepic photos ID` lists those of photos), or the selfie: a picture with a face.",
    ),
    (
        errors.RateLimitError,
        "Wait a minute; for downloads, --concurrency 4 also helps.",
    ),
    (errors.InternalServerError, "The service has a problem. Run the same command again later."),
    (errors.APITimeoutError, "Try again, with a longer --timeout SECONDS if necessary."),
    (errors.APIConnectionError, "Check the network, and --base-url or NINEPIC_BASE_URL."),
    (
        errors.DecodeError,
        "This version does not know this form of reply. Look for a newer version.",
    ),
    (errors.EventNotFoundError, "`ninepic events --search TEXT` lists events by a part of their name."),
    (errors.DownloadError, "Then run the same command again: it continues where this one stopped."),
    (errors.InvalidInputError, "`ninepic COMMAND --help` shows what a command takes."),
)
_WRONG_ID: Final = (
    "Check --request-id: it is the UUID that a selfie search of this event printed, such as "
    "5d1f6a0e-3c0b-4f0e-9a53-9b1c70c6d0de."
)
_BY_REQUEST_ID: Final = frozenset({"face_results", "clip_status", "start_clips", "originals"})


def hint_for(error: Exception, argv: Sequence[str] = ()) -> str | None:
    """Return one line on what to do next, or None.

    Args:
        error: what went wrong.
        argv: the command's arguments.
    """
    request_id = getattr(error, "request_id", None)
    if request_id and isinstance(error, _MAY_HAVE_RESULT):
        return _REQUEST_ID.format(request_id)
    wrong = (errors.BadRequestError, errors.NotFoundError, errors.UnprocessableEntityError)
    has_id = any(argument.partition("=")[0] == "--request-id" for argument in argv)
    if has_id and isinstance(error, wrong) and error.endpoint in _BY_REQUEST_ID:
        return _WRONG_ID
    return next((hint for kind, hint in _BY_ERROR if isinstance(error, kind)), None)
