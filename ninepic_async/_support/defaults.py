"""Default values that several public methods share."""

from __future__ import annotations

from typing import Final

DOWNLOAD_CONCURRENCY: Final = 16
"""How many files are fetched at the same time."""

MAX_FILE_BYTES: Final = 1024**3
"""The largest file that is fetched, in bytes."""

MAX_READ_BYTES: Final = 256 * 1024**2
"""The largest file that is read into memory, in bytes."""

WATCH_INTERVAL_S: Final = 60.0
"""Seconds between two checks for new photos."""
