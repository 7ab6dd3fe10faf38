"""The list of commands: their functions, groups, help texts and examples."""

from __future__ import annotations

from typing import Final

from attrs import frozen

_ACCOUNT: Final = (
    "The key and the organisation come from `ninepic configure`, or from NINEPIC_API_KEY and NINEPIC_ORG_ID."
)
_NO_KEY: Final = "Without a key, try `ninepic demo`."


@frozen
class Command:
    """One command. ``where`` is its function, as ``module:name`` below this package."""

    name: str
    where: str
    about: str
    examples: tuple[str, ...]
    needs_account: bool = True

    @property
    def epilogue(self) -> str:
        """The text below the options."""
        lines = ["Examples:", *(f"  {example}" for example in self.examples)]
        return "\n".join([*lines, "", _ACCOUNT] if self.needs_account else lines)


ABOUT: Final = "Event photos from 9Pic, by BIB number, selfie or time."
EPILOGUE: Final = f"`ninepic help COMMAND` shows a command's options and examples. {_ACCOUNT} {_NO_KEY}"

_INFO: Final = (
    Command(
        "ping",
        "event:ping",
        "Check key, organisation and event in one call.",
        ("ninepic ping", "ninepic ping 456", "ninepic ping mumbai-marathon-2026 --profile race-day"),
    ),
    Command(
        "events",
        "lists:events",
        "List the organisation's events.",
        (
            "ninepic events",
            "ninepic events --search marathon --since 2026-01-01",
            "ninepic events --format csv > events.csv",
        ),
    ),
    Command(
        "event",
        "event:event",
        "Show an event and the searches it offers.",
        ("ninepic event 456", "ninepic event mumbai-marathon-2026 --json"),
    ),
    Command(
        "timeline",
        "timeline:timeline",
        "Draw when the photos were taken.",
        ("ninepic timeline 456", "ninepic timeline 456 --day 2026-01-19 --hour 7 --json"),
    ),
)
_FIND: Final = (
    Command(
        "photos",
        "lists:photos",
        "List all photos of an event.",
        ("ninepic photos 456 --limit 20", "ninepic photos mumbai-marathon-2026 --json | jq -r .img_url"),
    ),
    Command(
        "bib",
        "lists:bib",
        "Find a participant's photos by BIB number.",
        ("ninepic bib 456 1234", "ninepic bib mumbai-marathon-2026 A/12 --format csv"),
    ),
    Command(
        "face",
        "lists:face",
        """Find a person's photos by selfie.

A new search is charged. Its request_id is printed as soon as it is known; --request-id shows the same \
result again without a charge.""",
        (
            "ninepic face 456 selfie.jpg",
            "curl -s https://example.com/me.jpg | ninepic face 456 -",
            "ninepic face 456 --request-id 5d1f6a0e-3c0b-4f0e-9a53-9b1c70c6d0de",
        ),
    ),
    Command(
        "clips",
        "clips:clips",
        """Find a person's video clips (Motion), and wait for them.

--request-id continues an earlier search for clips, or starts from the result of a selfie search.""",
        (
            "ninepic clips 456 selfie.jpg --to clips",
            "ninepic clips 456 --request-id 5d1f6a0e-3c0b-4f0e-9a53-9b1c70c6d0de",
        ),
    ),
)
_MEMORIES: Final = Command(
    "memories",
    "memories:memories",
    """Gather a participant's photos and clips.

Searches by BIB, by selfie, or by both, and shows how each photo was found. Searches that are off for the \
event are left out. If one search fails, the results of the others are still shown.""",
    (
        "ninepic memories 456 --bib 1234 --selfie me.jpg",
        "ninepic memories 456 --bib 1234 --selfie me.jpg --clips --to mine --gallery",
    ),
)
_FETCH: Final = (
    Command(
        "originals",
        "originals:originals",
        """Sign links to original photos.

A link is valid for about an hour, and anyone who has it can fetch the photo. So only file names are listed. \
--urls writes the links, one a line, for `wget -i -`. --json writes links and file names, and a line with an \
error for each original without a link. `ninepic download` fetches originals without showing links.""",
        ("ninepic originals 456 --bib 1234", "ninepic originals 456 --bib 1234 --urls | wget -i -"),
    ),
    Command(
        "download",
        "download:download",
        """Fetch photos into a folder.

Select the photos in one way. Run the same command again to continue: it does not fetch complete files \
again.""",
        (
            "ninepic download 456 --all --to photos --gallery",
            "ninepic download 456 --bib 1234 --rendition original --to photos",
            "ninepic download 456 --from yesterday --until now --zip photos.zip",
        ),
    ),
    Command(
        "mirror",
        "mirror:mirror",
        """Fetch an event's photos, and keep fetching new ones.

It runs until Ctrl-C, or for the time of --for. Run the same command again to continue.""",
        (
            "ninepic mirror 456 --to photos --gallery",
            "ninepic mirror mumbai-marathon-2026 --to photos --rendition original --for 6h",
        ),
    ),
    Command(
        "scale",
        "scale:scale",
        """Download whole events on Dask workers, to a folder or an object store.

Needs the extra scale. The workers take the key from their own environment; workers on this machine get it \
from the command. Run the same command again to continue after any interruption.""",
        (
            "ninepic scale 456 --to archive --workers 4",
            "ninepic scale 456 789 --to s3://bucket/races --dask tcp://10.0.0.7:8786 --rate 50",
            "ninepic scale --all-events --to s3://bucket/races",
        ),
    ),
    Command(
        "gallery",
        "gallery:gallery",
        "Make a web page of fetched photos.",
        ("ninepic gallery photos", 'ninepic gallery photos --title "Sunday\'s run"'),
        needs_account=False,
    ),
    Command(
        "open",
        "gallery:open_page",
        "Open a page of photos in the browser.",
        ("ninepic open photos", "ninepic open photos --print"),
        needs_account=False,
    ),
)
_TRY: Final = (
    Command(
        "demo",
        "demo:demo",
        "Try all calls with a sandbox on this machine.",
        ("ninepic demo", "ninepic demo --photos ~/Pictures/race --to demo"),
        needs_account=False,
    ),
    Command(
        "sandbox",
        "sandbox:sandbox",
        "Run the sandbox, a local copy of the hosted API, until Ctrl-C.",
        (
            "ninepic sandbox --selfie-to me.jpg",
            "ninepic sandbox --port 0 --count 50 --json",
        ),
        needs_account=False,
    ),
)
_SET_UP: Final = (
    Command(
        "configure",
        "setup:configure",
        """Store a key and an organisation as a profile.

The profile is stored in a file that only you can read. The key is stored in the system's keyring if the \
package keyring is installed. Commands use the profile "default", or the one that --profile or \
NINEPIC_PROFILE names.""",
        (
            "ninepic configure",
            "ninepic configure --profile race-day --org-id 903 --api-key-file key.txt",
            "ninepic configure --list",
        ),
        needs_account=False,
    ),
    Command(
        "completion",
        "setup:completion",
        """Print a completion script for a shell.

For bash and zsh: source <(ninepic completion bash). For fish: ninepic completion fish | source. PowerShell \
is not supported.""",
        ("source <(ninepic completion bash)", "ninepic completion zsh > ~/.zfunc/_ninepic"),
        needs_account=False,
    ),
    Command(
        "help",
        "setup:show_help",
        "Show the commands, or the help of one.",
        ("ninepic help", "ninepic help download"),
        needs_account=False,
    ),
)
COMMANDS: Final[dict[str, tuple[Command, ...]]] = {
    "Look around": _INFO,
    "Find": (*_FIND, _MEMORIES),
    "Fetch": _FETCH,
    "Try out": _TRY,
    "Set up": _SET_UP,
}
COMMAND_NAMES: Final = frozenset(command.name for group in COMMANDS.values() for command in group)
