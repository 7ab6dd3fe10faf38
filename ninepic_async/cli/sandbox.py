"""``ninepic sandbox``: the sandbox as a server of its own, for clients in other processes."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter
from cyclopts.validators import Number

from ninepic_async.cli.errors import OK, CommandError, UsageError
from ninepic_async.cli.extras import need_sandbox
from ninepic_async.cli.options import OUTPUT, Output, Work, a_folder
from ninepic_async.cli.terminal import say, say_json

if TYPE_CHECKING:
    from ninepic_async.sandbox import Sandbox

_PHOTOS: Final = 500
_PORT: Final = Number(gte=0, lte=65535)
_CONTROL_HELP: Final = "Let other processes on this machine steer it over HTTP, below /_sandbox."
_PHOTOS_FROM: Final = Parameter(converter=a_folder, help="Use the JPEGs in this folder instead.")
_BIBS_SHOWN: Final = 8


def sandbox(
    *,
    port: Annotated[int, Parameter(validator=_PORT, help="The API's port; 0 takes any.")] = 9009,
    photos_port: Annotated[int, Parameter(validator=_PORT, help="The photos' port; 0 takes any.")] = 0,
    seed: Annotated[int, Parameter(help="All that is made up follows from it.")] = 7,
    count: Annotated[
        int | None, Parameter(validator=Number(gte=0), help=f"How many photos to draw ({_PHOTOS}).")
    ] = None,
    photos: Annotated[Path | None, _PHOTOS_FROM] = None,
    control: Annotated[bool, Parameter(help=_CONTROL_HELP, show_default=False)] = False,
    output: Output = OUTPUT,
) -> Work:
    """Serve a stand-in for the hosted API until Ctrl-C."""
    if count is not None and photos is not None:
        raise UsageError("give --count or --photos: a folder has as many photos as it has")
    need_sandbox()
    from ninepic_async.sandbox import Sandbox

    stand_in = Sandbox(
        photos=_PHOTOS if count is None else count,
        seed=seed,
        folder=photos,
        port=port,
        photos_port=photos_port,
        control=control,
    )
    return _serve(stand_in, output)


async def _serve(sandbox: Sandbox, output: Output) -> int:
    from ninepic_async.sandbox import FolderError

    try:
        async with sandbox:
            if output.json:
                _describe(sandbox)
            else:
                _introduce(sandbox)
            await asyncio.Event().wait()
    except FolderError as error:
        raise CommandError(str(error)) from error
    except asyncio.CancelledError:
        # Ctrl-C is how it is meant to end, and nothing else cancels here.
        return OK
    return OK


def _introduce(sandbox: Sandbox) -> None:
    say(f"The sandbox listens on {sandbox.base_url}, its photos are on {sandbox.photos_url}.")
    say("Point a client at it (the key is good for this sandbox only, and no secret):")
    say()
    for name, value in _settings(sandbox).items():
        say(f"  export {name}={value}")
    say()
    say(f"The main event is {sandbox.event_id}, with {sandbox.event.gallery.total} photos.")
    if sandbox.bibs:
        say(f"BIBs to search for: {', '.join(sandbox.bibs[:_BIBS_SHOWN])}")
    if sandbox.control:
        say(f"It is steered by requests to {sandbox.base_url}/_sandbox.")
    say("Ctrl-C ends it.")


def _describe(sandbox: Sandbox) -> None:
    say_json(
        {
            **_settings(sandbox),
            "photos_url": sandbox.photos_url,
            "event_id": sandbox.event_id,
            "photos": sandbox.event.gallery.total,
            "bibs": list(sandbox.bibs),
        }
    )


def _settings(sandbox: Sandbox) -> dict[str, str]:
    return {
        "NINEPIC_BASE_URL": sandbox.base_url,
        "NINEPIC_API_KEY": sandbox.api_key,
        "NINEPIC_ORG_ID": str(sandbox.org_id),
    }
