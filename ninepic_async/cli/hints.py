"""What to do next after each kind of error."""

from __future__ import annotations

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
    (errors.DownloadError, "Then run the same command again: it continues where this one stopped."),
    (errors.InvalidInputError, "`ninepic COMMAND --help` shows what a command takes."),
)


def hint_for(error: Exception) -> str | None:
    """Return one line on what to do next, or None."""
    request_id = getattr(error, "request_id", None)
    if request_id and isinstance(error, _MAY_HAVE_RESULT):
        return _REQUEST_ID.format(request_id)
    return next((hint for kind, hint in _BY_ERROR if isinstance(error, kind)), None)
