"""For testing apps that use the SDK: a sandbox in a thread, and the pytest fixtures made of it.

With pytest there is nothing to import: install the extra ``testing``, and the fixtures ``ninepic_sandbox``,
``ninepic``, ``ninepic_sync`` and ``ninepic_environment`` are there. Other test runners use
`sandbox_in_thread`.
"""

from __future__ import annotations

from ninepic_async.testing.options import SandboxOptions
from ninepic_async.testing.threaded import sandbox_in_thread

__all__ = ["SandboxOptions", "sandbox_in_thread"]
