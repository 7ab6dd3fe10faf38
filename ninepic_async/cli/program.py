"""The list of commands, and how their arguments are parsed."""

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
from ninepic_async.cli.terminal import Noun, console, print_error, print_note

_ABOUT: Final = "Event photos from 9Pic, by BIB number, selfie or time."
_EPILOGUE: Final = (
    "Set NINEPIC_API_KEY and NINEPIC_ORG_ID, or give the options of a command. "
    "Without a key, try `ninepic demo`."
)
_ORIGINALS: Final = """Sign links to original photos.

A link is valid for about an hour, and whoever has it has the photo. So only file names are listed. \
--urls writes the links, one a line, as `wget -i -` reads them; --json writes them with their file names, \
and a line with an error for each original without a link. `ninepic download` fetches originals without \
showing links."""
_FACE: Final = """Find a person's photos by selfie.

A new search is charged. Its request_id is printed as soon as it is known; --request-id shows the same \
result again without a charge."""
_CLIPS: Final = """Find a person's video clips (Motion), and wait for them.

--request-id continues an earlier search for clips, or starts from the result of a selfie search."""
_DOWNLOAD: Final = """Fetch photos into a folder.

Select the photos in one way. Run the same command again to continue: complete files are not fetched again."""
_COMPLETION: Final = """Print a completion script for a shell.

For bash and zsh: source <(ninepic completion bash). For fish: ninepic completion fish | source."""
COMMANDS: Final = {
    "Look around": {
        "ping": ("event", "Check key, organisation and event in one call."),
        "events": ("lists", "List the organisation's events."),
        "event": ("event", "Show an event and the searches it offers."),
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
        "gallery": ("gallery", "Make a web page of fetched photos."),
    },
    "Try out": {
        "demo": ("demo", "Try all of this with a sandbox on this machine."),
        "sandbox": ("sandbox", "Run a stand-in for the hosted API until Ctrl-C."),
    },
    "Set up": {
        "completion": ("setup", _COMPLETION),
    },
}


def run(argv: Sequence[str]) -> int:
    """Parse the arguments and run the command."""
    app = program()
    if not argv:
        app.help_print([], console=console(sys.stderr))
        return WRONG_USAGE
    try:
        refuse_argument(argv)
        command, given, _ = app.parse_args(list(argv))
    except (CycloptsError, UsageError) as error:
        print_error(_too_many(error) if isinstance(error, UnusedCliTokensError) else str(error))
        print_note(f"  {_help_for(argv)}")
        return WRONG_USAGE
    debug = any(isinstance(value, Trace) and value.debug for value in given.arguments.values())
    return supervise(lambda: command(*given.args, **given.kwargs), debug=debug)


def _too_many(error: UnusedCliTokensError) -> str:
    """Count the surplus arguments without repeating them: one may be a key."""
    return f"{Noun('argument').count(len(error.unused_tokens or ()))} too many"


def _help_for(argv: Sequence[str]) -> str:
    if any(argv[0] in commands for commands in COMMANDS.values()):
        return f"`ninepic {argv[0]} --help` shows what it takes."
    return "`ninepic --help` lists the commands."


def _version() -> str:

    return f"ninepic-async {__version__}"


def program() -> App:
    """Build the cyclopts application."""
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
            # A string instead of a function: the module is imported when its command runs.
            app.command(
                f"ninepic_async.cli.{room}:{name}", name=name, help=about, group=group, sort_key=order
            )
    options = Group("Options", sort_key=len(COMMANDS) + 1)
    for flag in ("--help", "--version"):
        app[flag].group = options
    return app
