"""How many files to fetch at once, found out from what that brings. Pure."""

from __future__ import annotations

from typing import Final

from attrs import define, field

MOST: Final = 64
START: Final = 16
WINDOW_S: Final = 0.25
"""How long one setting is watched. The first window after a change is left out; but not the very first, where
too low a rate only makes climbing look better."""

_GAIN: Final = 1.1
"""What counts as more."""
_FIRST_STEP: Final = 4
"""Long ways are common, and each window below what they bear is lost."""
_LOSS: Final = 0.7
"""What counts as less, when it lasts for two windows."""
_SHRINK: Final = 0.7
_FIRST_SHRINK: Final = 0.5
_PROBE_AFTER: Final = 24
_PROBE_SOON: Final = 4
"""After a step back for less: it may have been a passing dip, whatever the setting."""
_PROBE_AFTER_MOST: Final = 384
_FORGIVE_AFTER: Final = 120


@define
class Adapter:
    """Climbs while that pays, steps back when it does not, gives way when told to, and tries again later.

    Attributes:
        limit: how many to fetch at once now.
    """

    most: int = MOST
    limit: int = START
    _ceiling: int = field(init=False)
    _rate: float = field(init=False, default=0.0)
    """What the setting before a step brought, or the present one while holding."""
    _back: int | None = field(init=False, default=None)
    """The setting to return to if the present one brings no more."""
    _settling: bool = field(init=False, default=False)
    _climbing: bool = field(init=False, default=True)
    _pardon: bool = field(init=False, default=False)
    """The rest of a burst that was refused together says nothing new."""
    _quiet: int = field(init=False, default=0)
    _low: int = field(init=False, default=0)
    _probe_after: int = field(init=False, default=_PROBE_AFTER)
    _since_throttle: int = field(init=False, default=0)

    def __attrs_post_init__(self) -> None:
        self.limit = min(self.limit, self.most)
        self._ceiling = self.most

    def observe(self, rate: float, throttled: int) -> int:
        """Take in what one window brought.

        Args:
            rate: bytes a second.
            throttled: how many replies asked to slow down, or did not come.

        Returns:
            The limit from here on.
        """
        if throttled:
            return self._give_way()
        self._pardon = False
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

    def _give_way(self) -> int:
        self._since_throttle = 0
        if not self._pardon:
            # The first refusal may come at many times what the host bears; later ones come from steps of one.
            share = _SHRINK if self._ceiling < self.most else _FIRST_SHRINK
            self._ceiling = max(1, min(self._ceiling, self.limit) - 1)
            self._move(max(1, int(self.limit * share)))
        self._pardon = not self._pardon
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
        # A host that has refused once is approached by one at a time.
        careful = self._ceiling < self.most
        following = min(self.limit + 1 if careful else factor * self.limit, self._ceiling)
        self._back = self.limit if following > self.limit else None
        self._move(following)

    def _move(self, limit: int) -> None:
        if limit != self.limit:
            self.limit, self._settling = limit, True
