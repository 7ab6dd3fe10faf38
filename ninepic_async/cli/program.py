"""The commands, and how their arguments are read."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final

from cyclopts import App, CycloptsError, Group, Parameter, UnusedCliTokensError

from ninepic_async import __version__
from ninepic_async.cli.errors import WRONG_USAGE, UsageError
from ninepic_async.cli.key import refuse_argument
from ninepic_async.cli.options import Trace
from ninepic_async.cli.run import supervise
from ninepic_async.cli.terminal import complain, console, tell
from ninepic_async.cli.words import Words

_ABOUT: Final = "Event photos from 9Pic, by BIB number, selfie or time."
_EPILOGUE: Final = (
    "NINEPIC_API_KEY and NINEPIC_ORG_ID say who asks; options after a command can say otherwise. "
    "Without either, try `ninepic demo`."
)
_ORIGINALS: Final = """Sign links to original photos.

Each is good for about an hour, and whoever has it has the photo. So file names are listed; the links \
themselves are written on demand: with --urls, one a line, as `wget -i -` takes them, or with --json, where \
an original that can't be had is a line with an error. `ninepic download` fetches originals without showing \
a link."""
_FACE: Final = """Find a person's photos by a selfie.

A new search is charged. Its request_id is told as soon as it is known; with --request-id the result can be \
had again."""
_CLIPS: Final = """Find a person's video clips (Motion), and wait for them.

--request-id picks up an earlier search for clips, or starts from what a selfie search found."""
_DOWNLOAD: Final = """Fetch photos into a folder; again to go on.

Say which photos in one way. What is there whole already is not fetched again."""
_COMPLETION: Final = """Print a script that lets a shell complete commands and options.

For bash and zsh: source <(ninepic completion bash). For fish: ninepic completion fish | source."""
COMMANDS: Final = {
    "Look around": {
        "ping": ("event", "Check key, organisation and event in one call."),
        "events": ("lists", "List the organisation's events."),
        "event": ("event", "Show an event, and which searches it has."),
        "timeline": ("timeline", "Draw when the photos were taken."),
    },
    "Find": {
        "photos": ("lists", "List all photos of an event."),
        "bib": ("lists", "Find a participant's photos by BIB number."),
        "face": ("lists", _FACE),
        "clips": ("clips", _CLIPS),
    },
    "Fetch": {
        "originals": ("originals", _ORIGINALS),
        "download": ("download", _DOWNLOAD),
        "gallery": ("gallery", "Make a page to look at what was fetched."),
    },
    "Try out": {
        "demo": ("demo", "Do all this against a sandbox on this machine."),
        "sandbox": ("sandbox", "Serve a stand-in for the hosted API until Ctrl-C."),
    },
    "Set up": {
        "completion": ("completion", _COMPLETION),
    },
}


def run(argv: Sequence[str]) -> int:
    """Read the arguments, and run the command that they name."""
    app = program()
    if not argv:
        app.help_print([], console=console(sys.stderr))
        return WRONG_USAGE
    try:
        refuse_argument(argv)
        command, given, _ = app.parse_args(list(argv))
    except (CycloptsError, UsageError) as error:
        complain(_too_many(error) if isinstance(error, UnusedCliTokensError) else str(error))
        tell(f"  {_help_for(argv)}")
        return WRONG_USAGE
    debug = any(isinstance(value, Trace) and value.debug for value in given.arguments.values())
    return supervise(lambda: command(*given.args, **given.kwargs), debug=debug)


def _too_many(error: UnusedCliTokensError) -> str:
    """Count what was given too much, without repeating it: people try a key there."""
    return f"that is {Words('argument').count(len(error.unused_tokens or ()))} too many"


def _help_for(argv: Sequence[str]) -> str:
    if any(argv[0] in commands for commands in COMMANDS.values()):
        return f"`ninepic {argv[0]} --help` shows what it takes."
    return "`ninepic --help` lists the commands."


def _version() -> str:

    return f"ninepic-async {__version__}"


def program() -> App:
    """Declare the commands."""
    app = App(
        name="ninepic",
        help=_ABOUT,
        help_format="plaintext",
        help_epilogue=_EPILOGUE,
        version=_version,
        default_parameter=Parameter(negative=()),
        console=console(sys.stdout),
        error_console=console(sys.stderr),
        print_error=False,
        exit_on_error=False,
    )
    order = 0
    for place, (title, commands) in enumerate(COMMANDS.items(), 1):
        group = Group(title, sort_key=place)
        for name, (room, about) in commands.items():
            order += 1
            # A text in place of a function: the room is imported when its command is called.
            app.command(
                f"ninepic_async.cli.{room}:{name}", name=name, help=about, group=group, sort_key=order
            )
    options = Group("Options", sort_key=len(COMMANDS) + 1)
    for flag in ("--help", "--version"):
        app[flag].group = options
    return app
