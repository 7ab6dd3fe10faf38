"""``ninepic configure``, ``completion`` and ``help``."""

from __future__ import annotations

import os
import sys
from typing import Annotated, Final, Literal

from cyclopts import Parameter

from ninepic_async.cli.errors import OK, UsageError
from ninepic_async.cli.key import can_ask, key_from_file, prompt_for_key
from ninepic_async.cli.options import TRACE, Flag, Trace
from ninepic_async.cli.profiles import (
    DEFAULT_PROFILE,
    Profile,
    check_name,
    config_path,
    read_profiles,
    remove_profile,
    save_profile,
)
from ninepic_async.cli.tables import add_rows, new_table, write_values
from ninepic_async.cli.terminal import console, print_note

Shell = Annotated[Literal["bash", "zsh", "fish"], Parameter(help="The shell.")]
_KEY_FILE: Final = Parameter(
    allow_leading_hyphen=True,
    help="A file that holds the API key, or - for stdin. Default: a prompt, or NINEPIC_API_KEY in a pipe.",
)
_KEYRING: Final = Parameter(
    negative="--no-keyring",
    show_default=False,
    help="Store the key in the system's keyring. Default: if the package keyring is installed and works.",
)


_REGISTER_IN_ZSH: Final = """
if [[ $funcstack[1] == _ninepic ]]; then
  _cyclopts_ninepic "$@"  # a file in $fpath
else
  compdef _cyclopts_ninepic ninepic  # sourced, after compinit
fi
"""
"""cyclopts defines the function, but does not register it."""


def configure(
    *,
    profile: Annotated[str, Parameter(help="The name of the account.")] = DEFAULT_PROFILE,
    org_id: Annotated[
        str | None,
        Parameter(help="The organisation's number. Default: a prompt, or NINEPIC_ORG_ID in a pipe."),
    ] = None,
    api_key_file: Annotated[str | None, _KEY_FILE] = None,
    base_url: Annotated[str | None, Parameter(help="The API's address, if it is not 9Pic's own.")] = None,
    keyring: Annotated[bool | None, _KEYRING] = None,
    show: Annotated[Flag, Parameter(name="--list", help="List the profiles.")] = False,
    remove: Annotated[Flag, Parameter(help="Delete the profile.")] = False,
    trace: Trace = TRACE,
) -> int:
    """Store a key and an organisation as a profile, in a file that only you can read."""
    check_name(profile)
    if show:
        return _list()
    if remove:
        remove_profile(profile)
        print_note(f"Profile {profile} is deleted.")
        return OK
    org_id = _checked_org(org_id or _asked_org())
    key = _asked_key() if api_key_file is None else key_from_file(api_key_file)
    new = Profile(org_id=org_id, base_url=_checked_url(base_url), api_key=key)
    place = save_profile(profile, new, keyring=keyring)
    option = "" if profile == DEFAULT_PROFILE else f" --profile {profile}"
    print_note(f"Profile {profile} is saved; its key is in {_place(place)}. Try it: ninepic ping{option}")
    return OK


def _place(place: str) -> str:
    return "the system's keyring" if place == "keyring" else place


def _list() -> int:
    profiles = read_profiles()
    rows = [[name, each.org_id or "", each.base_url or "", each.key_in] for name, each in profiles.items()]
    if not rows:
        print_note(f"No profiles in {config_path()}.")
    elif sys.stdout.isatty():
        table = new_table(show_header=True)
        for title in ("profile", "org_id", "base_url", "key in"):
            table.add_column(title, overflow="fold")
        add_rows(table, rows)
        console(sys.stdout).print(table)
    else:
        write_values(rows, "tsv")
    return OK


def _asked_org() -> str:
    """Ask for the organisation on a terminal. Otherwise, return the one of the environment."""
    if not can_ask():
        if org_id := os.environ.get("NINEPIC_ORG_ID"):
            return org_id
        raise UsageError("give --org-id: stdin is not a terminal, so there is no prompt for it")
    sys.stderr.write("Organisation's number: ")
    sys.stderr.flush()
    return sys.stdin.readline().strip()


def _asked_key() -> str:
    """Ask for the key on a terminal. Otherwise, return the one of the environment."""
    if not can_ask() and (key := os.environ.get("NINEPIC_API_KEY")):
        return key
    return prompt_for_key("give --api-key-file PATH (- reads stdin)")


def _checked_org(org_id: str) -> str:
    if not (org_id.isascii() and org_id.isdigit() and int(org_id) > 0):
        raise UsageError("--org-id takes the organisation's number, such as 903")
    return org_id


def _checked_url(base_url: str | None) -> str | None:
    if base_url is None:
        return None
    from ninepic_async._core.config import base_url as checked

    return checked(base_url)


def completion(shell: Shell, /) -> None:
    """Print a script that completes commands and options in a shell."""
    from ninepic_async.cli.program import program

    script = program().generate_completion(shell=shell)
    sys.stdout.write(f"{script.rstrip()}\n{_REGISTER_IN_ZSH}" if shell == "zsh" else script)


def show_help(command: Annotated[str | None, Parameter(help="A command.")] = None, /) -> int:
    """Show the commands, or the help of one command.

    Raises:
        UsageError: there is no such command.
    """
    from ninepic_async.cli.commands import COMMAND_NAMES
    from ninepic_async.cli.program import program

    if command is not None and command not in COMMAND_NAMES:
        raise UsageError(f"there is no command {command!r}: `ninepic help` lists the commands")
    program().help_print([] if command is None else [command])
    return OK
