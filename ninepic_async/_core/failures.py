"""Turn failed attempts into the errors that callers see."""

from __future__ import annotations

from typing import Final

from ninepic_async._contract.body import error_message, problems, with_reply
from ninepic_async._contract.messages import Reply, SendError, retry_after_s
from ninepic_async._core.retry import Failure
from ninepic_async.errors import (
    APIConnectionError,
    APIStatusError,
    CallError,
    UnprocessableEntityError,
    status_error_class,
)

NOT_RESENT: Final = (
    "; not sent again, because this service creates its own request_ids: "
    "a second upload could be charged twice"
)


def failure_of(outcome: Reply | SendError) -> Failure:
    """Return what is known about a failed attempt."""
    if isinstance(outcome, SendError):
        return Failure(never_sent=outcome.never_sent, final=outcome.final)
    return Failure(status=outcome.status, retry_after_s=retry_after_s(outcome))


def error_of(outcome: Reply | SendError) -> CallError:
    """Return the error of a failed attempt."""
    if isinstance(outcome, SendError):
        error = APIConnectionError(str(outcome))
        error.__cause__ = outcome
        return error
    return _status_error(outcome)


def _status_error(reply: Reply) -> APIStatusError:
    message = error_message(reply)
    kind = status_error_class(reply.status)
    pause = retry_after_s(reply)
    error = kind(message, retry_after=pause, status=reply.status)
    if isinstance(error, UnprocessableEntityError):
        error.problems = tuple(problems(message))
    return with_reply(error, reply)
