"""Errors without tracebacks of the request: its frames hold the key, the selfie and signed URLs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ninepic_async._support.redact import loggable
from ninepic_async.errors import NinePicError

E = TypeVar("E", bound=BaseException)

Mask = Callable[[str], str]


def without_frames(error: E, mask: Mask) -> E:
    """Drop the traceback and context of an error, and replace its foreign causes by stand-ins.

    Args:
        error: the error. It is changed in place.
        mask: removes the API key from text.
    """
    cause = error.__cause__
    error.__traceback__ = None
    error.__context__ = None
    if isinstance(cause, NinePicError):
        error.__cause__ = without_frames(cause, mask)
    else:
        error.__cause__ = None if cause is None else stand_in(cause, mask)
    return error


def stand_in(error: BaseException, mask: Mask, depth: int = 4) -> BaseException:
    """Return an exception of the same type, text and causes, without attributes and frames."""
    if error.__traceback__ is None and error.__context__ is None:
        return error  # it was never raised, so it is bare already
    kind = _stand_in_type(type(error))
    text = loggable(mask(str(error)))
    copy = kind.__new__(kind, text)
    copy.args = (text,)
    if isinstance(error, OSError) and isinstance(copy, OSError):
        copy.errno = error.errno
    if error.__cause__ is not None and depth:
        copy.__cause__ = stand_in(error.__cause__, mask, depth - 1)
    return copy


def _stand_in_type(kind: type[BaseException]) -> type[BaseException]:
    if kind.__str__ in (BaseException.__str__, OSError.__str__):
        return kind
    # Some exceptions of aiohttp build their text from the request, which a stand-in does not have.
    names = {"__module__": kind.__module__, "__qualname__": kind.__qualname__}
    return type(kind.__name__, (kind,), {**names, "__str__": _text, "__repr__": _repr})


def _text(error: BaseException) -> str:
    return str(error.args[0])


def _repr(error: BaseException) -> str:
    return f"{type(error).__name__}({error.args[0]!r})"
