"""Errors in the set-up of a sandbox."""

from __future__ import annotations


class FolderError(ValueError):
    """A folder of photos can't be used; the message names the file."""


class FaultError(ValueError):
    """A fault is impossible or contradicts itself; the message says what to change."""
