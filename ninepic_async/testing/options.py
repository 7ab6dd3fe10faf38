"""The options of a sandbox, without an import of the sandbox and its HTTP server."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from ninepic_async.sandbox import Clock, Dialect


class SandboxOptions(TypedDict, total=False):
    """The arguments of `ninepic_async.sandbox.Sandbox`."""

    photos: int
    seed: int
    folder: str | PathLike[str] | None
    dialect: Dialect
    clock: Clock
    latency_s: float
    clip_seconds: float
    link_lifetime_s: float
    missing_originals: float
    host: str
    port: int
    photos_port: int
    control: bool
    control_token: str | None


def problem_with(arguments: tuple[object, ...], options: Mapping[str, object]) -> str | None:
    """Return a message about invalid options of a sandbox; None if all are valid."""
    if arguments:
        return f"give options by name, such as photos=50; {arguments[0]!r} has no name"
    known = SandboxOptions.__annotations__
    unknown = sorted(options.keys() - known.keys())
    if unknown:
        return f"there is no option {', '.join(unknown)}; use one of {', '.join(known)}"
    return None
