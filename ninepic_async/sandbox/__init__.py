"""A stand-in for the hosted API: real HTTP, real pictures, everything made up from a seed.

It refuses what the real thing refuses and fails on command, so that an app can be tested against it
without a network, a key or an event.
"""

from .clock import Clock, ManualClock, RealClock
from .dialect import ClipWords, Dialect
from .errors import FaultError, FolderError
from .events import Event, Features
from .faults import Fault, Faults
from .request_log import RequestLog, RequestRecord
from .server import Sandbox
from .snapshot import Snapshot
from .state import Charge, SandboxState

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
