"""Parse the arguments and run the command."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError, Group, Parameter, UnusedCliTokensError

from ninepic_async import __version__
from ninepic_async._support.logs import asks_for_debug
from ninepic_async._support.text import count_text
from ninepic_async.cli.commands import ABOUT, COMMAND_NAMES, COMMANDS, EPILOGUE, Command
from ninepic_async.cli.errors import WRONG_USAGE, UsageError
from ninepic_async.cli.key import hide_keys, refuse_key_option, refuse_key_value
from ninepic_async.cli.options import Output, Trace
from ninepic_async.cli.run import supervise
from ninepic_async.cli.terminal import console, print_error, print_note


def run(argv: Sequence[str]) -> int:
    """Parse the arguments and run the command."""
    app = program()
    if not argv:
        app.help_print([], console=console(sys.stderr))
        return WRONG_USAGE
    try:
        refuse_key_option(argv)
        command, given, _ = app.parse_args(list(argv))
        refuse_key_value(argv)
        for value in given.arguments.values():
            if isinstance(value, Output):
                value.check()
    except (CycloptsError, UsageError) as error:
        text = _too_many(error) if isinstance(error, UnusedCliTokensError) else str(error)
        print_error(hide_keys(text, argv, is_usage=True))
        print_note(f"  {_help_for(argv)}")
        return WRONG_USAGE
    debug = asks_for_debug() or any(
        isinstance(value, Trace) and value.debug for value in given.arguments.values()
    )
    return supervise(lambda: command(*given.args, **given.kwargs), argv, debug=debug)


def program() -> App:
    """Build the cyclopts application."""
    app = App(
        name="ninepic",
        help=ABOUT,
        help_format="plaintext",
        help_epilogue=EPILOGUE,
        version=lambda: f"ninepic-async {__version__}",
        default_parameter=Parameter(negative=()),
        console=console(sys.stdout),
        error_console=console(sys.stderr),
        print_error=False,
        exit_on_error=False,
    )
    for place, (title, commands) in enumerate(COMMANDS.items(), 1):
        group = Group(title, sort_key=place)
        for order, command in enumerate(commands):
            _add(app, command, group, order)
    options = Group("Options", sort_key=len(COMMANDS) + 1)
    for flag in ("--help", "--version"):
        app[flag].group = options
    return app


def _add(app: App, command: Command, group: Group, order: int) -> None:
    app.command(
        # A string instead of a function: the module is imported when its command runs.
        f"ninepic_async.cli.{command.where}",
        name=command.name,
        help=command.about,
        help_epilogue=command.epilogue,
        group=group,
        sort_key=order,
    )


def _too_many(error: UnusedCliTokensError) -> str:
    """Return a message about surplus arguments, without repeating them: one may be a key."""
    return f"{count_text(len(error.unused_tokens or ()), 'argument')} too many"


def _help_for(argv: Sequence[str]) -> str:
    if argv[0] in COMMAND_NAMES:
        return f"`ninepic {argv[0]} --help` shows its arguments."
    return "`ninepic --help` lists the commands."
