"""The secrets that a worker needs and no task may contain: the API key, a proxy's password, headers.

The key comes from the worker's environment. The driver sends missing secrets to workers on its own machine,
over a direct connection to each worker: not in a task, and not through the scheduler.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final

from attrs import field, frozen

from ninepic_async._http.options import ProxyURL
from ninepic_async._support.secret import Secret

VARIABLE: Final = "NINEPIC_API_KEY"
_MAX_RUNS: Final = 16
"""How many runs' secrets a worker keeps. The oldest are deleted first."""


@frozen(kw_only=True)
class Secrets:
    """The secrets of one run.

    Attributes:
        key: the API key.
        proxy: the URL of a proxy, with its password; None to use the task's proxy.
        headers: extra headers for every request.
    """

    key: Secret
    proxy: ProxyURL | None = None
    headers: Mapping[str, str] = field(factory=dict, repr=False)

    @property
    def has_more(self) -> bool:
        """Whether there is a proxy or a header. Workers can't read these from their environment."""
        return self.proxy is not None or bool(self.headers)


_given: dict[str, Secrets] = {}
"""The secrets by run. The latest run is last."""


class MissingKeyError(Exception):
    """This worker does not have the secrets that the run's tasks need."""


def give(run: str, key: str, proxy: str | None, headers: Mapping[str, str]) -> None:
    """Store the secrets of a run in this process."""
    _given.pop(run, None)
    _given[run] = Secrets(key=Secret(key), proxy=None if proxy is None else ProxyURL(proxy), headers=headers)
    while len(_given) > _MAX_RUNS:
        del _given[next(iter(_given))]


def known(run: str) -> Secrets | None:
    """Return the secrets that the driver sent, or the key of the environment. Return None without a key."""
    key = os.environ.get(VARIABLE)
    return _given.get(run) or (Secrets(key=Secret(key)) if key else None)


def is_given(run: str) -> bool:
    """Return whether the driver has sent a run's secrets to this process."""
    return run in _given


def has_key() -> bool:
    """Return whether this process's environment has a key."""
    return bool(os.environ.get(VARIABLE))


def require(run: str, *, more: bool = False) -> Secrets:
    """Return the secrets of a run.

    Args:
        run: the run's id.
        more: whether the run also needs a proxy or headers.

    Raises:
        MissingKeyError: this process does not have them.
    """
    secrets = known(run)
    if secrets is None:
        raise MissingKeyError(f"set {VARIABLE} in the environment of the workers")
    if more and not secrets.has_more:
        raise MissingKeyError("this worker has not received the run's proxy or headers")
    return secrets
