"""What can go wrong in setting up a sandbox."""

from __future__ import annotations


class FolderError(ValueError):
    """A folder of photos that cannot be made into a gallery; the text names the file."""


class FaultError(ValueError):
    """A fault that makes no sense; the text says what to change."""
