"""Links that expire, and how a whole page of them is signed again."""

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
"""A request takes a moment to arrive; a link that has less than this left is signed again first…"""
_EARLY_SHARE: Final = 0.1
"""…or less than this share of its life, for links that are short-lived by design."""


class LinkGoneError(Exception):
    """A link has expired, and no other is to be had, for the reason given."""


def expires_at(url: str) -> float | None:
    """Read from a link when it expires, in Unix seconds; None where it does not say."""
    try:
        query = {name.casefold(): value for name, value in parse_qsl(urlsplit(url).query)}
        for start, seconds in guesses.LINK_LIFETIME_KEYS:
            if start in query and seconds in query:
                signed = datetime.strptime(query[start], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
                return signed.timestamp() + float(query[seconds])
        for key in guesses.LINK_EXPIRY_KEYS:
            if key in query:
                return _moment(query[key])
    except (ValueError, OverflowError):
        pass
    return None


def _moment(text: str) -> float:
    try:
        moment = float(text)
    except ValueError:
        moment = datetime.fromisoformat(text).timestamp()
    if not math.isfinite(moment):
        raise ValueError(text)
    return moment


Sign = Callable[["Group", "Link"], Awaitable[Mapping[str, str]]]
"""Signs the links of a group again, that one at least, and gives the new ones by the photos' keys."""


@define(eq=False)
class Calendar:
    """Tells by this machine's clock when links are over, until that clock proves to be wrong.

    Attributes:
        now: Unix seconds.
        trusted: False once a link was over the moment it had been signed: from then on the host decides.
    """

    now: Callable[[], float] = time.time
    trusted: bool = True

    def good_until(self, url: str) -> float:
        """Give the moment by which a link should be signed again."""
        expiry = expires_at(url)
        if expiry is None:
            return math.inf
        return expiry - max(0.0, min(_EARLY_S, _EARLY_SHARE * (expiry - self.now())))

    def passed(self, moment: float) -> bool:
        """Whether a moment is over, as far as can be known."""
        return self.trusted and self.now() >= moment


@define(eq=False)
class Link:
    """Where one photo is to be had now.

    Attributes:
        key: the photo's.
        id: the photo's.
        url: the link.
        group: the links that were signed with it; None where nobody signs this kind of link.
        settled: the photo is fetched or given up, and needs no link any more.
        renewals: how often it was signed again. The new link may be the very same as the old one.
    """

    key: str
    id: str
    url: str = field(repr=False)
    group: Group | None = None
    settled: bool = False
    renewals: int = 0
    _good_until: float = field(init=False, default=math.inf)

    def __attrs_post_init__(self) -> None:
        if self.group is not None:
            self._good_until = self.group.calendar.good_until(self.url)

    def replace(self, url: str) -> None:
        """Take another link, just signed."""
        self.url = url
        self.renewals += 1
        if self.group is not None:
            self._good_until = self.group.calendar.good_until(url)
            if self.over:
                self.group.calendar.trusted = False

    @property
    def over(self) -> bool:
        """Whether it has expired, as far as it says."""
        return self.group is not None and self.group.calendar.passed(self._good_until)

    async def fresh(self) -> str:
        """Give the link, signed again if it is about to expire.

        Raises:
            LinkGoneError: there is none any more.
        """
        if self.over:
            await self.renew(self.renewals)
        return self.url

    async def renew(self, refused: int) -> None:
        """See to it that the link is signed again, unless that was done since.

        Args:
            refused: the `renewals` of the link that is over.

        Raises:
            LinkGoneError: there is no other.
        """
        if self.group is None:
            raise LinkGoneError("the link has expired, and this kind of link is not signed again")
        await self.group.renew(self, refused)


@define(eq=False)
class Group:
    """Links that were signed together, and are signed again together.

    Attributes:
        number: of the page they came on, counted from 1.
        links: by the photos' keys.
        calendar: shared by all groups of a run.
        renewed: whether they were signed again already.
    """

    sign: Sign = field(repr=False)
    number: int = 0
    calendar: Calendar = field(factory=Calendar)
    renewed: bool = False
    links: dict[str, Link] = field(factory=dict, repr=False)
    _failures: int = field(init=False, default=0)
    _reason: str = field(init=False, default="")
    _lock: asyncio.Lock = field(factory=asyncio.Lock, init=False)

    def add(self, key: str, identity: str, url: str) -> Link:
        """Take a link into the group; a photo that is there twice keeps its first link, the one in use."""
        return self.links.setdefault(key, Link(key, identity, url, self))

    def waiting(self) -> list[Link]:
        """Give the links whose photos are still to be fetched."""
        return [link for link in self.links.values() if not link.settled]

    async def renew(self, link: Link, refused: int) -> None:
        """Sign all links of the group again, unless that was done since that link was handed out."""
        failures = self._failures
        async with self._lock:
            if link.renewals != refused:
                return
            if self._failures > failures:
                # Whoever waited for a call that failed need not try for as long, and as much in vain.
                raise LinkGoneError(self._reason)
            signed = await self._signed(link)
            self.renewed = True
            for key, url in signed.items():
                if key in self.links:
                    self.links[key].replace(url)
            if link.key not in signed:
                raise LinkGoneError("the link has expired, and the service signs no other for this photo")

    async def _signed(self, link: Link) -> Mapping[str, str]:
        try:
            return await self.sign(self, link)
        except NinePicError as error:
            self._failures += 1
            self._reason = f"the link has expired and could not be signed again: {error}"
            raise LinkGoneError(self._reason) from error
