"""Tools to test applications that use the SDK: a sandbox in a thread, and pytest fixtures.

With pytest, install the extra ``testing`` and use the fixtures ``ninepic_sandbox``, ``ninepic``,
``ninepic_sync`` and ``ninepic_environment``; no import is needed. With other test runners, use
`sandbox_in_thread`.
"""

from __future__ import annotations

from ninepic_async.testing.options import SandboxOptions
from ninepic_async.testing.threaded import sandbox_in_thread

__all__ = ["SandboxOptions", "sandbox_in_thread"]
