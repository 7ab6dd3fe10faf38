"""The API key on a worker: from its environment, or handed over by the driver, past the scheduler."""

from __future__ import annotations

import os
from typing import Final

from ninepic_async._support.secret import Secret

VARIABLE: Final = "NINEPIC_API_KEY"

_given: list[Secret] = []


class MissingKeyError(Exception):
    """This worker knows no API key."""


def give(key: str) -> None:
    """Keep a key in this process."""
    _given[:] = [Secret(key)]


def known() -> str | None:
    """Return this process's key, or None."""
    return os.environ.get(VARIABLE) or (_given[-1].reveal() if _given else None)


def has_key() -> bool:
    """Tell whether this process knows a key."""
    return known() is not None


def require() -> None:
    """Check that this process knows a key.

    Raises:
        MissingKeyError: it does not.
    """
    if not has_key():
        raise MissingKeyError(f"set {VARIABLE} in the environment of the workers")
