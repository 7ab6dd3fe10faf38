"""Links that expire, and pages of links that are signed again together."""

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
"""A link with less time left than this is signed again first: a request takes a moment to arrive…"""
_EARLY_SHARE: Final = 0.1
"""…or with less than this share of its lifetime left, for links that are short-lived by design."""


class LinkGoneError(Exception):
    """A link is refused or expired, and can't be signed again."""


def expires_at(url: str) -> float | None:
    """Return when a link expires, in Unix seconds; None if it does not say."""
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
    """Tells by this machine's clock when links expire, until that clock turns out to be wrong.

    Attributes:
        now: returns Unix seconds.
        trusted: False once a link had expired at the moment it was signed. From then on the host decides.
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
        """Tell whether a moment has passed, as far as the clock can be trusted."""
        return self.trusted and self.now() >= moment


@define(eq=False)
class Link:
    """Where one photo can be fetched now.

    Attributes:
        key: the photo's key.
        id: the photo's id.
        url: the link.
        group: the links that were signed with it; None for a link that can't be signed again.
        finished: whether the photo is fetched or given up, so that the link is not needed any more.
        renewals: how often it was signed again. The new link can be the same as the old one.
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
        """Take a link that was just signed."""
        self.url = url
        self.renewals += 1
        if self.group is not None:
            self._good_until = self.group.clock.good_until(url)
            if self.expired:
                self.group.clock.trusted = False

    @property
    def expired(self) -> bool:
        """Whether the link has expired by its own account."""
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
        """Sign the link again, unless that was done meanwhile.

        Args:
            refused: the `renewals` of the link that was refused.

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
        clock: shared by all groups of a run.
        renewed: whether they were signed again already.
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
        """Add a link. For a photo that is there already, return its first link, which is in use."""
        return self.links.setdefault(key, Link(key, identity, url, self))

    def waiting(self) -> list[Link]:
        """Return the links whose photos are still to be fetched."""
        return [link for link in self.links.values() if not link.finished]

    async def renew(self, link: Link, refused: int) -> None:
        """Sign all links of the group again, unless that was done since that link was used."""
        failures = self._failures
        async with self._lock:
            if link.renewals != refused:
                return
            if self._failures > failures:
                # The call failed while this task waited for it. Another try would most likely fail too.
                raise LinkGoneError(self._reason)
            signed = await self._signed(link)
            self.renewed = True
            for key, url in signed.items():
                if key in self.links:
                    self.links[key].replace(url)
            if link.key not in signed:
                raise LinkGoneError("the service signs no other for this photo")

    async def _signed(self, link: Link) -> Mapping[str, str]:
        try:
            return await self.sign(self, link)
        except NinePicError as error:
            self._failures += 1
            self._reason = f"it could not be signed again: {error}"
            raise LinkGoneError(self._reason) from error
