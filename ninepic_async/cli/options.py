"""Options shared by several commands."""

from __future__ import annotations

import re
import sys
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeAlias

from attrs import frozen
from cyclopts import Group, Parameter, Token

from ninepic_async.cli.errors import UsageError

if TYPE_CHECKING:
    from ninepic_async import Event, NinePic

WHICH: Final[Group] = Group("Which photos", sort_key=10)
HOW: Final[Group] = Group("How", sort_key=11)
_OUTPUT: Final = Group("Output", sort_key=12)
_ACCOUNT: Final = Group("Account", sort_key=13)
"""Help lists a command's own parameters first, then these groups."""

_NUMBER: Final = re.compile(r"[-+]?[0-9]+")

Flag: TypeAlias = Annotated[bool, Parameter(show_default=False)]
Work: TypeAlias = Coroutine[object, object, int | None]
"""A coroutine that does the command's work. It returns an exit status, or None for 0."""


def folder_path(_: object, words: Sequence[Token]) -> Path:
    """Read the path of a folder. Raise for an empty one, which can come from an unset shell variable."""
    if not words[0].value:
        raise ValueError("Give a folder; a dot means the current one.")
    return Path(words[0].value)


EventId: TypeAlias = Annotated[str, Parameter(help="The event's number, slug or name.")]
Format: TypeAlias = Literal["table", "tsv", "csv", "json"]
SelfieFile: TypeAlias = Annotated[
    Path | None,
    Parameter(help="A picture file with the person's face, or - for stdin.", allow_leading_hyphen=True),
]
RequestId: TypeAlias = Annotated[
    str | None, Parameter(help="The id of an earlier search, instead of a selfie: no upload, no charge.")
]


async def find_event(client: NinePic, event: str) -> Event:
    """Return an event's handle: by number without a request, or by slug or name.

    Raises:
        InvalidInputError: the text is empty or can't be a number.
        EventNotFoundError: no event, or more than one, has the slug or name.
    """
    if not event.strip() or _NUMBER.fullmatch(event.strip()):
        return client.event(event)
    return await client.find_event(event)


@Parameter(name="*", group=_ACCOUNT)
@frozen(kw_only=True)
class Account:
    """The account and the service to call."""

    profile: str | None = None
    """A profile of `ninepic configure`. Default: NINEPIC_PROFILE, the environment, or "default"."""

    org_id: str | None = None
    """The organisation's number. Default: NINEPIC_ORG_ID."""

    api_key_file: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None
    """A file that holds the API key, or - for stdin. Default: NINEPIC_API_KEY, or a prompt."""

    base_url: str | None = None
    """The API's address. Default: NINEPIC_BASE_URL, or 9Pic's own."""

    timeout: float = 60.0
    """Time limit of one call in seconds, retries and waits included."""

    proxy: str | None = None
    """The URL of an HTTP proxy. Default: HTTPS_PROXY, ALL_PROXY and NO_PROXY."""

    allow_plain_http: Flag = False
    """Allow http:// for other hosts, such as a sandbox in a container. The key is sent unencrypted."""

    def client(self) -> NinePic:
        """Create a client, and prompt for the key if necessary.

        Call it outside an event loop, where Ctrl-C works during the prompt.

        Raises:
            UsageError: there is no key, or no such profile.
            ConfigError: another setting is missing or wrong.
        """
        from ninepic_async import HTTPOptions, NinePic
        from ninepic_async.cli.profiles import resolve_account
        from ninepic_async.cli.progress import watch_throttle

        found = resolve_account(self.profile, self.api_key_file, self.org_id, self.base_url)
        http = HTTPOptions(
            proxy=self.proxy,
            allow_plain_http=self.allow_plain_http,
            allow_private_addresses=self.allow_plain_http,
        )
        client = NinePic(
            found.api_key, found.org_id, base_url=found.base_url, timeout=self.timeout, http=http
        )
        watch_throttle(client)
        return client


@Parameter(name="*", group=_OUTPUT)
@frozen(kw_only=True)
class Trace:
    """The option for debugging."""

    debug: Flag = False
    """Log every request, and show the traceback of an error. NINEPIC_LOG=debug does the same."""


@Parameter(name="*", group=_OUTPUT)
@frozen(kw_only=True)
class Output(Trace):
    """The options for the output of one document."""

    json: Flag = False
    """Write JSON."""

    def check(self) -> None:
        """Check that the options can be used together."""


@Parameter(name="*", group=_OUTPUT)
@frozen(kw_only=True)
class RowOutput(Output):
    """The options for the output of rows."""

    json: Flag = False
    """Write JSON: one document, or one line for each item of a list. Short for --format json."""

    format: Format | None = None
    """table, tsv (without headings), csv or json. Default: table on a terminal, tsv in a pipe."""

    def check(self) -> None:
        """Check that the options can be used together.

        Raises:
            UsageError: --json was given with another format.
        """
        if self.json and self.format not in (None, "json"):
            raise UsageError(f"give either --json or --format {self.format}")

    @property
    def form(self) -> Format:
        """The format to write."""
        if self.json:
            return "json"
        return self.format or ("table" if sys.stdout.isatty() else "tsv")


ACCOUNT: Final = Account()
OUTPUT: Final = Output()
ROWS: Final = RowOutput()
TRACE: Final = Trace()
