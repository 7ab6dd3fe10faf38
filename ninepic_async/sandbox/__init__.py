"""A local copy of the hosted API: real HTTP and real pictures, generated from a seed.

It checks requests as the hosted API does, and fails on command. Apps can be tested against it without a
network, an API key or an event.
"""

from ninepic_async.sandbox.clock import Clock, ManualClock, RealClock
from ninepic_async.sandbox.dialect import ClipWords, Dialect
from ninepic_async.sandbox.errors import FaultError, FolderError
from ninepic_async.sandbox.events import Event, Features
from ninepic_async.sandbox.faults import Fault, Faults
from ninepic_async.sandbox.request_log import RequestLog, RequestRecord
from ninepic_async.sandbox.server import Sandbox
from ninepic_async.sandbox.snapshot import Snapshot
from ninepic_async.sandbox.state import Charge, SandboxState

__all__ = [
    "Charge",
    "ClipWords",
    "Clock",
    "Dialect",
    "Event",
    "Fault",
    "FaultError",
    "Faults",
    "Features",
    "FolderError",
    "ManualClock",
    "RealClock",
    "RequestLog",
    "RequestRecord",
    "Sandbox",
    "SandboxState",
    "Snapshot",
]
