"""Remove tracebacks from errors, because their frames hold the key, the selfie and signed URLs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ninepic_async._support.redact import loggable
from ninepic_async.errors import NinePicError

E = TypeVar("E", bound=BaseException)

Mask = Callable[[str], str]


def without_frames(error: E, mask: Mask) -> E:
    """Remove an error's traceback and context, and replace foreign causes by copies without frames.

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
        error.__cause__ = None if cause is None else copy_without_frames(cause, mask)
    return error


def copy_without_frames(error: BaseException, mask: Mask, depth: int = 4) -> BaseException:
    """Return a copy of an exception with its type, text and causes, without other attributes and frames."""
    if error.__traceback__ is None and error.__context__ is None:
        return error  # it was never raised, so it has no frames
    kind = _type_of_copy(type(error))
    text = loggable(mask(str(error)))
    copy = kind.__new__(kind, text)
    copy.args = (text,)
    if isinstance(error, OSError) and isinstance(copy, OSError):
        copy.errno = error.errno
    if error.__cause__ is not None and depth:
        copy.__cause__ = copy_without_frames(error.__cause__, mask, depth - 1)
    return copy


def _type_of_copy(kind: type[BaseException]) -> type[BaseException]:
    if kind.__str__ in (BaseException.__str__, OSError.__str__):
        return kind
    # Some exceptions of aiohttp build their text from the request, which the copy does not have.
    names = {"__module__": kind.__module__, "__qualname__": kind.__qualname__}
    return type(kind.__name__, (kind,), {**names, "__str__": _text, "__repr__": _repr})


def _text(error: BaseException) -> str:
    return str(error.args[0])


def _repr(error: BaseException) -> str:
    return f"{type(error).__name__}({error.args[0]!r})"
