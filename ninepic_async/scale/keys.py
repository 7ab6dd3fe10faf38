"""What a worker has to know and no task may hold: the API key, a proxy's password, headers.

The key comes from the worker's environment. The driver gives workers of its own machine what they lack, on a
connection of its own to each: not in a task, and not over the scheduler.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final

from attrs import field, frozen

from ninepic_async._http.options import ProxyURL
from ninepic_async._support.secret import Secret

VARIABLE: Final = "NINEPIC_API_KEY"
_MOST_RUNS: Final = 16
"""Runs whose secrets a worker keeps: those of older ones are forgotten."""


@frozen(kw_only=True)
class Secrets:
    """The secrets of one run.

    Attributes:
        key: the API key.
        proxy: the URL of a proxy, with its password; None to use what the task says.
        headers: extra headers for every request.
    """

    key: Secret
    proxy: ProxyURL | None = None
    headers: Mapping[str, str] = field(factory=dict, repr=False)

    @property
    def has_more(self) -> bool:
        """Whether there is more than the key, which no worker's environment has."""
        return self.proxy is not None or bool(self.headers)


_given: dict[str, Secrets] = {}
"""By run, the latest last."""


class MissingKeyError(Exception):
    """This worker does not know what the run's tasks need."""


def give(run: str, key: str, proxy: str | None, headers: Mapping[str, str]) -> None:
    """Keep the secrets of a run in this process."""
    _given.pop(run, None)
    _given[run] = Secrets(key=Secret(key), proxy=None if proxy is None else ProxyURL(proxy), headers=headers)
    while len(_given) > _MOST_RUNS:
        del _given[next(iter(_given))]


def known(run: str) -> Secrets | None:
    """Return the secrets of a run: given by its driver, or the key of the environment; None without a key."""
    key = os.environ.get(VARIABLE)
    return _given.get(run) or (Secrets(key=Secret(key)) if key else None)


def is_given(run: str) -> bool:
    """Tell whether the driver has given this process a run's secrets."""
    return run in _given


def has_key() -> bool:
    """Tell whether this process's environment has a key."""
    return bool(os.environ.get(VARIABLE))


def require(run: str, *, more: bool = False) -> Secrets:
    """Return the secrets of a run.

    Args:
        run: the run.
        more: whether the run has more than a key.

    Raises:
        MissingKeyError: this process does not know them.
    """
    secrets = known(run)
    if secrets is None:
        raise MissingKeyError(f"set {VARIABLE} in the environment of the workers")
    if more and not secrets.has_more:
        raise MissingKeyError("this worker was not given the run's proxy or headers")
    return secrets
