"""Links that expire, and groups of links that are signed again together."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from attrs import define, field

from ninepic_async import guesses
from ninepic_async.errors import NinePicError

_EARLY_S: Final = 30.0
"""A link that expires within this time is signed again before the request, which takes time to arrive."""
_EARLY_SHARE: Final = 0.1
"""For links with a short lifetime, this share of the lifetime is used instead."""


class LinkGoneError(Exception):
    """A link is refused or expired, and can't be signed again."""


def expires_at(url: str) -> float | None:
    """Return when a link expires, in Unix seconds; None if its query does not say."""
    try:
        query = {name.casefold(): value for name, value in parse_qsl(urlsplit(url).query)}
        for start, seconds in guesses.LINK_LIFETIME_KEYS:
            if start in query and seconds in query:
                signed = datetime.strptime(query[start], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
                return signed.timestamp() + float(query[seconds])
        for key in guesses.LINK_EXPIRY_KEYS:
            if key in query:
                return _unix_seconds(query[key])
    except (ValueError, OverflowError):
        pass
    return None


def _unix_seconds(text: str) -> float:
    try:
        moment = float(text)
    except ValueError:
        moment = datetime.fromisoformat(text).timestamp()
    if not math.isfinite(moment):
        raise ValueError(text)
    return moment


Sign = Callable[["LinkGroup", "Link"], Awaitable[Mapping[str, str]]]
"""Signs the links of a group again, at least the given one. Returns the new links by the photos' keys."""


@define(eq=False)
class ExpiryClock:
    """Checks with this machine's clock whether links have expired, as long as this clock seems right.

    Attributes:
        now: returns Unix seconds.
        trusted: False after a new link was expired by this clock. From then on, only the host decides.
    """

    now: Callable[[], float] = time.time
    trusted: bool = True

    def good_until(self, url: str) -> float:
        """Return when a link should be signed again, in Unix seconds."""
        expiry = expires_at(url)
        if expiry is None:
            return math.inf
        return expiry - max(0.0, min(_EARLY_S, _EARLY_SHARE * (expiry - self.now())))

    def passed(self, moment: float) -> bool:
        """Return whether a moment has passed; False if the clock is not trusted."""
        return self.trusted and self.now() >= moment


@define(eq=False)
class Link:
    """The current link of one photo.

    Attributes:
        key: the photo's key.
        id: the photo's id.
        url: the link.
        group: the links that were signed together with it; None for a link that can't be signed again.
        finished: whether the photo was fetched or given up, so that the link is not needed any more.
        renewals: how often the link was signed again. The new link can be the same as the old one.
    """

    key: str
    id: str
    url: str = field(repr=False)
    group: LinkGroup | None = None
    finished: bool = False
    renewals: int = 0
    _good_until: float = field(init=False, default=math.inf)

    def __attrs_post_init__(self) -> None:
        if self.group is not None:
            self._good_until = self.group.clock.good_until(self.url)

    def replace(self, url: str) -> None:
        """Replace the link by one that was just signed."""
        self.url = url
        self.renewals += 1
        if self.group is not None:
            self._good_until = self.group.clock.good_until(url)
            if self.expired:
                self.group.clock.trusted = False

    @property
    def expired(self) -> bool:
        """Whether the link has expired according to its query."""
        return self.group is not None and self.group.clock.passed(self._good_until)

    async def fresh(self) -> str:
        """Return the link, signed again if it is about to expire.

        Raises:
            LinkGoneError: it can't be signed again.
        """
        if self.expired:
            await self.renew(self.renewals)
        return self.url

    async def renew(self, refused: int) -> None:
        """Sign the link again, unless another task has done it already.

        Args:
            refused: the `renewals` at the time when the refused link was used.

        Raises:
            LinkGoneError: it can't be signed again.
        """
        if self.group is None:
            raise LinkGoneError("this kind of link is not signed again")
        await self.group.renew(self, refused)


@define(eq=False)
class LinkGroup:
    """Links that were signed together, and are signed again together.

    Attributes:
        number: the number of their page, from 1.
        links: the links by the photos' keys.
        clock: the expiry clock of the run.
        renewed: whether the links were signed again already.
    """

    sign: Sign = field(repr=False)
    number: int = 0
    clock: ExpiryClock = field(factory=ExpiryClock)
    renewed: bool = False
    links: dict[str, Link] = field(factory=dict, repr=False)
    _failures: int = field(init=False, default=0)
    _reason: str = field(init=False, default="")
    _lock: asyncio.Lock = field(factory=asyncio.Lock, init=False)

    def add(self, key: str, identity: str, url: str) -> Link:
        """Add a link. If the photo is in the group already, return its first link, which is in use."""
        return self.links.setdefault(key, Link(key, identity, url, self))

    def waiting(self) -> list[Link]:
        """Return the links of the photos that are not finished."""
        return [link for link in self.links.values() if not link.finished]

    async def renew(self, link: Link, refused: int) -> None:
        """Sign all links of the group again, unless this was done since the link was used."""
        failures = self._failures
        async with self._lock:
            if link.renewals != refused:
                return
            if self._failures > failures:
                # Another task's call has failed while this task waited. A second one would probably fail too.
                raise LinkGoneError(self._reason)
            signed = await self._signed(link)
            self.renewed = True
            for key, url in signed.items():
                if key in self.links:
                    self.links[key].replace(url)
            if link.key not in signed:
                raise LinkGoneError("the service gave no new link for this photo")

    async def _signed(self, link: Link) -> Mapping[str, str]:
        try:
            return await self.sign(self, link)
        except NinePicError as error:
            self._failures += 1
            self._reason = f"it could not be signed again: {error}"
            raise LinkGoneError(self._reason) from error
