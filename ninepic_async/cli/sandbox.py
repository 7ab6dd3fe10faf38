"""``ninepic sandbox``: run the sandbox as a server for clients in other processes."""

from __future__ import annotations

import asyncio
import errno
import re
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from attrs import frozen
from cyclopts import Parameter
from cyclopts.validators import Number

from ninepic_async._support.addresses import is_loopback
from ninepic_async.cli.errors import OK, CommandError, UsageError, need_sandbox
from ninepic_async.cli.options import OUTPUT, Output, Work, folder_path
from ninepic_async.cli.terminal import print_error, print_json, print_line

if TYPE_CHECKING:
    from ninepic_async.sandbox import Sandbox

_PHOTOS: Final = 500
_PORT: Final = Number(gte=0, lte=65535)
_CONTROL_HELP: Final = "Let other processes on this machine control it over HTTP, below /_sandbox."
_PHOTOS_FROM: Final = Parameter(converter=folder_path, help="Use the JPEGs in this folder instead.")
_BIBS_SHOWN: Final = 8
_WARNING: Final = (
    "--host {} lets other machines in: use it only in a network that you trust. "
    "Clients there need HTTPOptions(allow_plain_http=True, allow_private_addresses=True), "
    "and commands --allow-plain-http"
)
_SELFIE_HELP: Final = "Write a selfie to this file, to search with."


@Parameter(name="*")
@frozen(kw_only=True)
class Address:
    """The address and ports of the sandbox."""

    host: str = "127.0.0.1"
    """The address to listen on. 0.0.0.0 lets other machines in, for example with Docker Compose."""

    port: Annotated[int, Parameter(validator=_PORT)] = 9009
    """The API's port; 0 for any free port."""

    photos_port: Annotated[int, Parameter(validator=_PORT)] = 0
    """The photos' port; 0 for any free port."""


_ADDRESS = Address()


def sandbox(
    *,
    address: Address = _ADDRESS,
    seed: Annotated[int, Parameter(help="The same seed gives the same data.")] = 7,
    count: Annotated[
        int | None, Parameter(validator=Number(gte=0), help=f"How many photos to draw ({_PHOTOS}).")
    ] = None,
    photos: Annotated[Path | None, _PHOTOS_FROM] = None,
    control: Annotated[bool, Parameter(help=_CONTROL_HELP, show_default=False)] = False,
    selfie_to: Annotated[Path | None, Parameter(help=_SELFIE_HELP)] = None,
    output: Output = OUTPUT,
) -> Work:
    """Serve the sandbox, a local copy of the hosted API, until Ctrl-C."""
    if count is not None and photos is not None:
        raise UsageError("give either --count or --photos: the folder decides the number of photos")
    need_sandbox()
    from ninepic_async.sandbox import Sandbox

    server = Sandbox(
        photos=_PHOTOS if count is None else count,
        seed=seed,
        folder=photos,
        host=address.host,
        port=address.port,
        photos_port=address.photos_port,
        control=control,
    )
    return _serve(server, selfie_to, output)


async def _serve(sandbox: Sandbox, selfie_to: Path | None, output: Output) -> int:
    from ninepic_async.sandbox import FolderError

    try:
        async with sandbox:
            if selfie_to is not None:
                await asyncio.to_thread(_write_selfie, sandbox, selfie_to)
            if not is_loopback(sandbox.host):
                print_error(_WARNING.format(sandbox.host))
            if output.json:
                _describe(sandbox)
            else:
                _introduce(sandbox, selfie_to)
            await asyncio.Event().wait()
    except FolderError as error:
        raise CommandError(str(error)) from error
    except OSError as error:
        raise _listen_error(error, sandbox.host) from error
    except asyncio.CancelledError:
        # Ctrl-C is the normal way to end the sandbox.
        return OK
    return OK


def _write_selfie(sandbox: Sandbox, to: Path) -> None:
    if not sandbox.bibs:
        raise CommandError("--selfie-to: no photo shows a participant, so there is no selfie to write")
    selfie = sandbox.selfie(sandbox.bibs[0])
    try:
        if to.exists() and to.read_bytes() != selfie:
            raise CommandError(f"--selfie-to {to}: the file exists; give another name")
        to.write_bytes(selfie)
    except OSError as error:
        raise CommandError(
            f"the selfie can't be written to {to} ({error.strerror}); give a file that you can write to"
        ) from error


def _listen_error(error: OSError, host: str) -> Exception:
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return UsageError(
            f"--host {host} is not an address of this machine: give 127.0.0.1, or 0.0.0.0 for all addresses"
        )
    port = next(iter(re.findall(r", (\d+)\D*$", str(error))), "")
    if error.errno == errno.EADDRINUSE:
        return CommandError(
            f"port {port} is in use: end the program that uses it, "
            "or give --port 0 and --photos-port 0 for any free ports"
        )
    if error.errno == errno.EACCES:
        return CommandError(f"port {port} needs more rights: give a port number of 1024 or more")
    return error


def _introduce(sandbox: Sandbox, selfie: Path | None) -> None:
    print_line(f"The sandbox listens on {sandbox.base_url}, its photos are on {sandbox.photos_url}.")
    print_line("Point a client at it (the key works with this sandbox only and is not secret):")
    print_line()
    for name, value in _settings(sandbox).items():
        print_line(f"  export {name}={value}")
    print_line()
    print_line(f"The main event is {sandbox.event_id}, with {sandbox.event.gallery.total} photos.")
    if sandbox.bibs:
        print_line(f"BIBs to search for: {', '.join(sandbox.bibs[:_BIBS_SHOWN])}")
    if selfie is not None:
        print_line(f"A selfie of BIB {sandbox.bibs[0]} to search with: {selfie}")
    if sandbox.control:
        print_line(f"Control it with requests to {sandbox.base_url}/_sandbox.")
    if sandbox.control_token is not None:
        print_line(f"Each must have the header Authorization: Bearer {sandbox.control_token}")
    print_line("Ctrl-C ends it.")


def _describe(sandbox: Sandbox) -> None:
    print_json(
        {
            **_settings(sandbox),
            "photos_url": sandbox.photos_url,
            "event_id": sandbox.event_id,
            "photos": sandbox.event.gallery.total,
            "bibs": list(sandbox.bibs),
        }
        | ({} if sandbox.control_token is None else {"control_token": sandbox.control_token})
    )


def _settings(sandbox: Sandbox) -> dict[str, str]:
    return {
        "NINEPIC_BASE_URL": sandbox.base_url,
        "NINEPIC_API_KEY": sandbox.api_key,
        "NINEPIC_ORG_ID": str(sandbox.org_id),
    }
