"""Adapt the number of files fetched at the same time to the throughput. No I/O."""

from __future__ import annotations

from typing import Final

from attrs import define, field

MOST: Final = 64
START: Final = 16
WINDOW_S: Final = 0.25
"""How long the throughput of a limit is measured. The first window after a change is ignored, except for the
first window of a run: if its rate is too low, this only makes a higher limit look better."""

_GAIN: Final = 1.1
"""More throughput by this factor is an improvement."""
_FIRST_STEP: Final = 4
"""The first step is large, because connections with a high latency are common and need many requests."""
_LOSS: Final = 0.7
"""Less throughput by this factor, in two windows in a row, is a loss."""
_SHRINK: Final = 0.7
_FIRST_SHRINK: Final = 0.5
_PROBE_AFTER: Final = 24
_PROBE_SOON: Final = 4
"""Windows to wait after a step down. The wait is short, because the loss may have been temporary."""
_PROBE_AFTER_MOST: Final = 384
_FORGIVE_AFTER: Final = 120


@define
class ConcurrencyController:
    """Raises the limit while this improves throughput, and lowers it after a loss or a refusal.

    It tries a higher limit again later.

    Attributes:
        limit: how many files to fetch at the same time now.
    """

    most: int = MOST
    limit: int = START
    _ceiling: int = field(init=False)
    _rate: float = field(init=False, default=0.0)
    """The throughput before the last step, or the mean throughput of the current limit."""
    _back: int | None = field(init=False, default=None)
    """The limit to return to if the current one is no improvement."""
    _settling: bool = field(init=False, default=False)
    _climbing: bool = field(init=False, default=True)
    _ignore_next: bool = field(init=False, default=False)
    """Whether to ignore a refusal in the next window: requests of the same burst are refused together."""
    _quiet: int = field(init=False, default=0)
    _low: int = field(init=False, default=0)
    _probe_after: int = field(init=False, default=_PROBE_AFTER)
    _since_throttle: int = field(init=False, default=0)

    def __attrs_post_init__(self) -> None:
        self.limit = min(self.limit, self.most)
        self._ceiling = self.most

    def observe(self, rate: float, throttled: int) -> int:
        """Evaluate one window.

        Args:
            rate: bytes per second.
            throttled: the number of replies that asked to slow down, and of requests without a reply.

        Returns:
            The new limit.
        """
        if throttled:
            return self._back_off()
        self._ignore_next = False
        self._since_throttle += 1
        if self._since_throttle == _FORGIVE_AFTER:
            self._ceiling = self.most
        if self._settling:
            self._settling = False
        elif self._climbing:
            self._climbing, self._rate = False, rate
            self._step_up(_FIRST_STEP)
        elif self._back is not None:
            self._judge(rate)
        else:
            self._hold(rate)
        return self.limit

    def _back_off(self) -> int:
        self._since_throttle = 0
        if not self._ignore_next:
            # The first refusal can come far above the host's limit. Later ones come after steps of one.
            share = _SHRINK if self._ceiling < self.most else _FIRST_SHRINK
            self._ceiling = max(1, min(self._ceiling, self.limit) - 1)
            self._move(max(1, int(self.limit * share)))
        self._ignore_next = not self._ignore_next
        self._back, self._rate, self._quiet = None, 0.0, 0
        self._settling, self._climbing = True, False
        return self.limit

    def _judge(self, rate: float) -> None:
        back, before = self._back, self._rate
        if rate >= before * _GAIN:
            self._rate, self._probe_after = rate, _PROBE_AFTER
            self._step_up()
            return
        self._back = None
        self._probe_after = min(2 * self._probe_after, _PROBE_AFTER_MOST)
        if back is not None:
            self._move(back)

    def _hold(self, rate: float) -> None:
        self._quiet += 1
        self._low = self._low + 1 if rate < self._rate * _LOSS else 0
        if self._low >= 2:
            self._low, self._quiet, self._rate, self._probe_after = 0, 0, rate, _PROBE_SOON
            self._move(max(1, int(self.limit * _SHRINK)))
            return
        self._rate = rate if self._rate == 0.0 else self._rate + 0.2 * (rate - self._rate)
        if self._quiet >= self._probe_after:
            self._quiet = 0
            self._step_up()

    def _step_up(self, factor: int = 2) -> None:
        # After a refusal the limit grows one by one.
        careful = self._ceiling < self.most
        following = min(self.limit + 1 if careful else factor * self.limit, self._ceiling)
        self._back = self.limit if following > self.limit else None
        self._move(following)

    def _move(self, limit: int) -> None:
        if limit != self.limit:
            self.limit, self._settling = limit, True
