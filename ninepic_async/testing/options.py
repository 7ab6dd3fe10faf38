"""What a sandbox may be given, by name: known without importing the sandbox and its HTTP server."""

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


def problem_with(arguments: tuple[object, ...], options: Mapping[str, object]) -> str | None:
    """What is wrong with what somebody wants to give a sandbox, if anything."""
    if arguments:
        return f"options are given by name, as in photos=50; {arguments[0]!r} has none"
    unknown = sorted(options.keys() - SandboxOptions.__annotations__.keys())
    if unknown:
        return f"no option {', '.join(unknown)}; there are {', '.join(SandboxOptions.__annotations__)}"
    return None
