"""A sandbox on an event loop of its own, in a thread: for tests of any kind, blocking ones too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Unpack

from ninepic_async.testing.options import SandboxOptions

if TYPE_CHECKING:
    from ninepic_async.sandbox import Sandbox


@contextmanager
def sandbox_in_thread(**options: Unpack[SandboxOptions]) -> Iterator[Sandbox]:
    """Run a sandbox in a thread for as long as the block lasts.

    Faults may be added, the clock moved, and log and state read from the thread of the test.

    Args:
        options: the arguments of `ninepic_async.sandbox.Sandbox`.

    Raises:
        FolderError: the folder is missing, holds no JPEGs, or one that cannot be read.
        OSError: a port is taken.

    Example:
        >>> with sandbox_in_thread(photos=20) as sandbox:
        ...     sandbox.event.gallery.total
        20
    """
    from anyio.from_thread import start_blocking_portal

    from ninepic_async.sandbox import Sandbox

    with start_blocking_portal() as portal, portal.wrap_async_context_manager(Sandbox(**options)) as sandbox:
        yield sandbox
