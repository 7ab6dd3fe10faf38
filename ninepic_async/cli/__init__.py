"""The command line: ``ninepic demo`` and ``ninepic sandbox``.

Only what reads the arguments is imported here, so that ``--help`` and a slip of the finger answer at once.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Coroutine, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from ninepic_async.cli.terminal import CommandError, complain, speak_any_encoding

OK: Final = 0
FAILED: Final = 1
WRONG_USAGE: Final = 2
INTERRUPTED: Final = 130
_EXTRA: Final = ("PIL", "numpy", "av")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: the arguments; None takes the process's own.

    Returns:
        The exit status: 0 if all of it worked, 1 if something failed, 2 for wrong usage, 130 after Ctrl-C.
    """
    speak_any_encoding()
    try:
        arguments = _parser().parse_args(argv)
        problem = _problem(arguments)
    except SystemExit as end:  # argparse has had its say
        return OK if end.code in (None, OK) else WRONG_USAGE
    if problem is not None:
        complain(problem)
        return WRONG_USAGE
    if any(find_spec(module) is None for module in _EXTRA):
        complain("this needs the sandbox's extra: pip install 'ninepic-async[sandbox]'")
        return FAILED
    return _serve(arguments) if arguments.command == "sandbox" else _demo(arguments)


def _demo(arguments: argparse.Namespace) -> int:
    from ninepic_async.cli import demo

    return _run(demo.run(arguments.to, arguments.photos), at_ctrl_c=INTERRUPTED)


def _serve(arguments: argparse.Namespace) -> int:
    from ninepic_async.cli import serve
    from ninepic_async.sandbox import Sandbox

    sandbox = Sandbox(
        photos=arguments.count,
        seed=arguments.seed,
        folder=arguments.photos,
        port=arguments.port,
        photos_port=arguments.photos_port,
    )
    return _run(serve.run(sandbox), at_ctrl_c=OK)  # the way it is meant to end


def _run(work: Coroutine[object, object, None], at_ctrl_c: int) -> int:
    from ninepic_async.errors import NinePicError
    from ninepic_async.sandbox import FolderError

    try:
        asyncio.run(work)
    except KeyboardInterrupt:
        return at_ctrl_c
    except BrokenPipeError:
        # Whoever read our output has left. Python would stumble over that once more on its way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except (NinePicError, CommandError, FolderError, OSError, ImportError) as error:
        complain(str(error) or type(error).__name__)
        return FAILED
    return OK


def _problem(arguments: argparse.Namespace) -> str | None:
    """What is wrong with arguments that argparse finds nothing wrong with."""
    to: Path | None = getattr(arguments, "to", None)
    photos: Path | None = arguments.photos
    if to is not None and photos is not None and to.resolve() == photos.resolve():
        return "--to and --photos are the same folder: the demo would write between your photos"
    return None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ninepic", description="The 9Pic external API, tried out locally.")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    demo = commands.add_parser(
        "demo",
        help="do what a user of 9Pic does, against a sandbox on this machine",
        description="Start a sandbox, search it by BIB, by selfie and by time, and fetch photos and a clip.",
    )
    demo.add_argument(
        "--to", type=Path, default=Path("ninepic-demo"), metavar="DIR", help="where files go (%(default)s)"
    )
    demo.add_argument("--photos", type=Path, metavar="DIR", help="use the JPEGs in DIR instead of drawn ones")

    sandbox = commands.add_parser(
        "sandbox",
        help="serve a stand-in for the hosted API until Ctrl-C",
        description="Serve a stand-in for the hosted API on this machine until Ctrl-C.",
    )
    sandbox.add_argument("--port", type=_port, default=9009, help="the API's port (%(default)s)")
    sandbox.add_argument(
        "--photos-port", type=_port, default=0, metavar="PORT", help="the photos' port (any that is free)"
    )
    sandbox.add_argument("--seed", type=int, default=7, metavar="N", help="all follows from it (%(default)s)")
    gallery = sandbox.add_mutually_exclusive_group()
    gallery.add_argument(
        "--count", type=_count, default=500, metavar="N", help="how many photos to draw (%(default)s)"
    )
    gallery.add_argument("--photos", type=Path, metavar="DIR", help="use the JPEGs in DIR instead")
    return parser


def _port(text: str) -> int:
    port = _count(text)
    if port > 65535:
        raise argparse.ArgumentTypeError(f"{text} is no port: give 0 to 65535")
    return port


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 0")
    return int(text)
