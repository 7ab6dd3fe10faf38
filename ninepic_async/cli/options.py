"""Options that several commands have."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias

from attrs import frozen
from cyclopts import Group, Parameter, Token

from ninepic_async.cli.key import read_api_key

if TYPE_CHECKING:
    from ninepic_async import NinePic

WHICH: Final = Group("Which photos", sort_key=10)
HOW: Final = Group("How", sort_key=11)
_OUTPUT: Final = Group("Output", sort_key=12)
_ACCOUNT: Final = Group("Account", sort_key=13)
"""Help shows a command's own parameters first, then these."""

Flag: TypeAlias = Annotated[bool, Parameter(show_default=False)]
Work: TypeAlias = Coroutine[object, object, int | None]
"""What a command gives once its arguments are found good; it comes to an exit status, None for 0."""


def a_folder(_: object, words: Sequence[Token]) -> Path:
    """Read a path. An empty one, as of a variable that is not set, would be that of where we are."""
    if not words[0].value:
        raise ValueError("Give a folder: a dot for the one that you are in.")
    return Path(words[0].value)


EventId: TypeAlias = Annotated[str, Parameter(help="The event's number.")]
SelfieFile: TypeAlias = Annotated[Path | None, Parameter(help="A picture file with the person's face.")]
RequestId: TypeAlias = Annotated[
    str | None, Parameter(help="Of an earlier search, in place of a selfie: no upload, no charge.")
]


@Parameter(name="*", group=_ACCOUNT)
@frozen(kw_only=True)
class Account:
    """Who asks, and where."""

    org_id: str | None = None
    """The organisation's number; NINEPIC_ORG_ID if not given."""

    api_key_file: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None
    """A file that holds the API key, - for stdin; NINEPIC_API_KEY if not given, else it is asked for."""

    base_url: str | None = None
    """Where the API is; NINEPIC_BASE_URL if not given, else 9Pic's own."""

    timeout: float = 60.0
    """Seconds for one call, its retries and waits included."""

    def client(self) -> NinePic:
        """Make a client, asking for the key if need be: do it before a loop runs, which would miss Ctrl-C.

        Raises:
            UsageError: there is no key.
            ConfigError: another setting is missing or wrong.
        """
        from ninepic_async import NinePic

        key = read_api_key(self.api_key_file)
        return NinePic(key, self.org_id, base_url=self.base_url, timeout=self.timeout)


@Parameter(name="*", group=_OUTPUT)
@frozen(kw_only=True)
class Trace:
    """How much is told about what goes wrong."""

    debug: Flag = False
    """Log every request, and show the traceback of an error."""


@Parameter(name="*", group=_OUTPUT)
@frozen(kw_only=True)
class Output(Trace):
    """What comes out, and in which form."""

    json: Flag = False
    """Write JSON: one document, or a line for each item of a list."""


ACCOUNT: Final = Account()
OUTPUT: Final = Output()
TRACE: Final = Trace()
