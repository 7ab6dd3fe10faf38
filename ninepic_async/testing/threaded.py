"""A sandbox in a thread with its own event loop, for blocking and asyncio tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Unpack

from ninepic_async.testing.options import SandboxOptions

if TYPE_CHECKING:
    from ninepic_async.sandbox import Sandbox


@contextmanager
def sandbox_in_thread(**options: Unpack[SandboxOptions]) -> Iterator[Sandbox]:
    """Run a sandbox in a thread while the block runs.

    The test's thread can add faults, advance the clock, and read log and state.

    Args:
        options: the arguments of `ninepic_async.sandbox.Sandbox`.

    Raises:
        FolderError: the folder is missing, has no readable JPEGs, or its ``bibs.csv`` is malformed.
        OSError: a port is already in use.

    Example:
        >>> with sandbox_in_thread(photos=20) as sandbox:
        ...     sandbox.event.gallery.total
        20
    """
    from anyio.from_thread import start_blocking_portal

    from ninepic_async.sandbox import Sandbox

    with start_blocking_portal() as portal, portal.wrap_async_context_manager(Sandbox(**options)) as sandbox:
        yield sandbox
