"""Faults on command: what they are, how they are checked, and their effects on a reply."""

from ninepic_async.sandbox.faults.fault import Fault
from ninepic_async.sandbox.faults.fault_list import Faults

__all__ = ["Fault", "Faults"]
