"""Default values that several public methods share."""

from __future__ import annotations

from typing import Final

DOWNLOAD_CONCURRENCY: Final = 16
"""Files fetched at once."""

MAX_FILE_BYTES: Final = 1024**3
"""The largest file that is fetched."""

MAX_READ_BYTES: Final = 256 * 1024**2
"""The largest file that is read into memory."""

WATCH_INTERVAL_S: Final = 60.0
"""Seconds between two looks for new photos."""
