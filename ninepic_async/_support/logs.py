"""Show the SDK's log on stderr, if the environment asks for it."""

from __future__ import annotations

import logging
import os
from typing import Final

from ninepic_async.errors import ConfigError

VARIABLE: Final = "NINEPIC_LOG"
_LEVELS: Final = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING}
_FORMAT: Final = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"


def level_from_environment() -> int | None:
    """Return the level that ``NINEPIC_LOG`` names; None if it is not set.

    Raises:
        ConfigError: its value is not the name of a level.
    """
    value = os.environ.get(VARIABLE, "").strip().lower()
    if not value:
        return None
    if value not in _LEVELS:
        raise ConfigError(f"{VARIABLE}={value!r}: give {', '.join(_LEVELS)}, or unset it")
    return _LEVELS[value]


def asks_for_debug() -> bool:
    """Return whether ``NINEPIC_LOG`` is ``debug``."""
    return os.environ.get(VARIABLE, "").strip().lower() == "debug"


def log_to_stderr_if_asked() -> None:
    """Add a handler to the logger ``ninepic_async``, unless the application has configured it.

    Raises:
        ConfigError: the value of ``NINEPIC_LOG`` is not the name of a level.
    """
    level = level_from_environment()
    logger = logging.getLogger("ninepic_async")
    if level is None or logger.handlers:
        return
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter(_FORMAT))
    logger.addHandler(handler)
    logger.setLevel(level)
