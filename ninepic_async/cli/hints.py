"""What to do next, for each way a command can fail."""

from __future__ import annotations

from typing import Final

from ninepic_async import errors

_REQUEST_ID: Final = "--request-id {} instead of the selfie goes on from there, without a second charge."
_PASSING: Final = (
    errors.APIConnectionError,
    errors.ClipJobTimeoutError,
    errors.DecodeError,
    errors.InternalServerError,
    errors.RateLimitError,
)
"""After these, the service may well have a result."""
_BY_ERROR: Final[tuple[tuple[type[Exception], str], ...]] = (
    (errors.AuthenticationError, "Check the API key: NINEPIC_API_KEY, or --api-key-file."),
    (errors.FeatureDisabledError, "`ninepic event ID` shows what is on for this event."),
    (
        errors.PermissionDeniedError,
        "Check that key, organisation and event belong together; `ninepic events` lists the events.",
    ),
    (errors.UnprocessableEntityError, "Correct what is named above."),
    (errors.NotFoundError, "`ninepic events` lists the events; a --request-id must be of the same event."),
    (
        errors.BadRequestError,
        "Check the ids (`ninepic photos ID` lists those of photos), or the selfie: a picture with a face.",
    ),
    (errors.RateLimitError, "Wait a little; a download of fewer at once (--concurrency 4) also helps."),
    (errors.InternalServerError, "The service has trouble; the same command later may work."),
    (errors.APITimeoutError, "Try again, with a longer --timeout SECONDS if need be."),
    (errors.APIConnectionError, "Check the network, and --base-url or NINEPIC_BASE_URL."),
    (errors.DecodeError, "The service answers otherwise than this version knows; is a newer one out?"),
    (errors.DownloadError, "Then the same command goes on where this one was."),
    (errors.InvalidInputError, "`--help` after a command's name shows what it takes."),
)


def advice(error: Exception) -> str | None:
    """Give a line of advice, or None where there is nothing to say."""
    request_id = getattr(error, "request_id", None)
    if request_id and isinstance(error, _PASSING):
        return _REQUEST_ID.format(request_id)
    return next((hint for kind, hint in _BY_ERROR if isinstance(error, kind)), None)
