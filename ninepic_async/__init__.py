"""Async-first SDK for the 9Pic external API: event photos by BIB number, selfie or time, clips, originals.

    from ninepic_async import NinePic

    async with NinePic(api_key, org_id) as client:
        async for photo in client.event(456).bib_search("1234"):
            print(photo.img_url)

`ninepic_async.sync` is the same without ``async`` and ``await``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ninepic_async._public import *  # noqa: F403 (type checkers follow the one list of public names)

    __all__: list[str]

__version__ = "0.1.0"


def _public_names() -> dict[str, object]:
    from ninepic_async import _public

    return {name: value for name, value in vars(_public).items() if name[:1].isupper()}


def __getattr__(name: str) -> object:
    # Lazy, so that importing the package is cheap until a public name is used. Public names are in CapWords.
    # A name in lower case is a module, which the import system finds itself.
    if name == "__all__":
        return sorted(_public_names())
    if not name[:1].isupper() or name not in (public := _public_names()):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals().update(public)
    return public[name]


def __dir__() -> list[str]:
    return sorted({*globals(), *_public_names()})
