"""Find values in everything that tools can reach from an exception: frames, attributes, causes, contexts."""

from __future__ import annotations

import io
import traceback
from collections.abc import Iterator
from types import FrameType, FunctionType, ModuleType, TracebackType
from typing import Any

import rich.console
import rich.traceback
import structlog

_DEPTH = 7


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and all its causes and contexts."""
    left, seen = [error], set()
    while left:
        found = left.pop()
        if found is not None and id(found) not in seen:
            seen.add(id(found))
            yield found
            left += [found.__cause__, found.__context__]


def frames(error: BaseException) -> Iterator[FrameType]:
    """Yield the SDK's and the libraries' frames of an error, but not the test's own."""
    for each in chain(error):
        trace: TracebackType | None = each.__traceback__
        while trace is not None:
            if "/tests/" not in trace.tb_frame.f_code.co_filename:
                yield trace.tb_frame
            trace = trace.tb_next


def reachable(error: BaseException) -> Iterator[str]:
    """Yield the text of every value that a tool finds which follows attributes, slots and containers."""
    seen: set[int] = set()
    left: list[tuple[Any, int]] = [(each, _DEPTH) for each in chain(error)]
    left += [(value, _DEPTH) for frame in frames(error) for value in frame.f_locals.values()]
    while left:
        value, depth = left.pop()
        if isinstance(value, (str, bytes, bytearray)):
            yield value if isinstance(value, str) else bytes(value).decode("latin-1")
        if id(value) in seen or not depth or isinstance(value, (ModuleType, FunctionType, type)):
            continue
        seen.add(id(value))
        left += [(part, depth - 1) for part in _parts(value)]


def _parts(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [*value.keys(), *value.values()]
    if isinstance(value, (list, tuple, set, frozenset)):
        return list(value)
    parts = list(vars(value).values()) if hasattr(value, "__dict__") else []
    for kind in type(value).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            mangled = f"_{kind.__name__.lstrip('_')}{name}" if name.startswith("__") else name
            parts.append(getattr(value, mangled, None))
    return parts


def printed(error: BaseException) -> Iterator[str]:
    """Yield what tools print that show local variables."""
    yield "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    console = rich.console.Console(file=io.StringIO(), width=250)
    shown = rich.traceback.Traceback.from_exception(
        type(error),
        error,
        error.__traceback__,
        show_locals=True,
        locals_max_length=1000,
        locals_max_string=100_000,
    )
    console.print(shown)
    assert isinstance(console.file, io.StringIO)
    yield console.file.getvalue()
    transform = structlog.tracebacks.ExceptionDictTransformer(show_locals=True, locals_max_string=100_000)
    yield repr(transform((type(error), error, error.__traceback__)))
