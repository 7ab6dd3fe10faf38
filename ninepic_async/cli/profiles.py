"""Profiles: accounts that ``ninepic configure`` stores in a file that only the user can read."""

from __future__ import annotations

import configparser
import contextlib
import importlib
import os
import stat
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Protocol, cast

from attrs import define

from ninepic_async.cli.errors import CommandError, UsageError
from ninepic_async.cli.key import key_from_file, prompt_for_key
from ninepic_async.cli.terminal import print_error

DEFAULT_PROFILE: Final = "default"
_FILE_MODE: Final = 0o600
_FOLDER_MODE: Final = 0o700
_LARGEST: Final = 1024**2
_KEYRING_SERVICE: Final = "ninepic"
_NAME_CHARS: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")
_LONGEST_NAME: Final = 64


@define
class Profile:
    """An account: the key, the organisation, and the service's address if it is not 9Pic's own."""

    org_id: str | None = None
    base_url: str | None = None
    api_key: str | None = None
    key_in: str = "file"
    """Where the key is stored: ``file`` or ``keyring``."""

    def __repr__(self) -> str:
        return f"Profile(org_id={self.org_id!r}, base_url={self.base_url!r})"


def config_path() -> Path:
    """Return the path of the file with the profiles: ``NINEPIC_CONFIG``, or one in the settings folder."""
    if given := os.environ.get("NINEPIC_CONFIG"):
        return Path(given)
    if os.name == "nt":
        return Path(os.environ.get("APPDATA") or Path.home()) / "ninepic" / "config.ini"
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "ninepic" / "config.ini"


def check_name(name: str) -> str:
    """Check the name of a profile, and return it.

    Raises:
        UsageError: it is empty, too long, or has characters other than letters, digits and ``-_.``.
    """
    if not name or len(name) > _LONGEST_NAME or not _NAME_CHARS.issuperset(name):
        raise UsageError(
            "--profile takes a short name of letters, digits, dashes, dots and underscores, such as race-day"
        )
    return name


def read_profiles() -> dict[str, Profile]:
    """Read all profiles, but no keys from the keyring.

    Raises:
        CommandError: the file can't be read.
    """
    parser = _parser()
    path = config_path()
    try:
        with open(path, encoding="utf-8") as file:
            _warn_if_shared(path, os.fstat(file.fileno()).st_mode)
            parser.read_string(file.read(_LARGEST), str(path))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise CommandError(f"the profiles in {path} can't be read: {error.strerror}") from None
    except (UnicodeDecodeError, configparser.Error):
        # Do not show the parser's message: it quotes lines of the file, and one may be the key.
        raise CommandError(
            f"{path} is not a file of profiles: correct it, or delete it and run `ninepic configure`"
        ) from None
    return {name: _profile(parser[name]) for name in parser.sections()}


def load_profile(name: str | None) -> Profile:
    """Read one profile, with its key from the file or the keyring.

    Args:
        name: the profile's name; None reads the default profile, or an empty one if it does not exist.

    Raises:
        UsageError: there is no such profile.
        CommandError: the file or the keyring can't be read.
    """
    profiles = read_profiles()
    if name is None:
        found = profiles.get(DEFAULT_PROFILE, Profile())
    elif (given := profiles.get(check_name(name))) is not None:
        found = given
    else:
        raise UsageError(f"{_no_profile(name, profiles)}; `ninepic configure --profile {name}` makes it")
    if found.key_in == "keyring":
        found.api_key = _from_keyring(name or DEFAULT_PROFILE)
    return found


def resolve_account(
    profile: str | None, key_file: str | None, org_id: str | None, base_url: str | None
) -> Profile:
    """Return a command's account, from its options, a named profile, the environment or the default profile.

    Args:
        profile: the name of a profile; None reads ``NINEPIC_PROFILE``.
        key_file: a file that holds the key, or ``-`` for stdin.
        org_id: the organisation's number.
        base_url: the API's address.

    Returns:
        The account. The client reads attributes that are None from the environment.

    Raises:
        UsageError: there is no key, no organisation, or no such profile.
        CommandError: the profiles can't be read.
    """
    name = profile or os.environ.get("NINEPIC_PROFILE") or None
    has_key = key_file is not None or bool(os.environ.get("NINEPIC_API_KEY"))
    has_org = org_id is not None or bool(os.environ.get("NINEPIC_ORG_ID"))
    found = Profile() if name is None and has_key and has_org else load_profile(name)
    if name is None:
        found = _fill_from_environment(found, has_key)
    if key_file is not None:
        found.api_key = key_from_file(key_file)
    if found.api_key is None and (name is not None or not has_key):
        found.api_key = prompt_for_key()
    found.org_id = org_id or found.org_id
    if found.org_id is None and not has_org:
        raise UsageError(
            "no organisation: set NINEPIC_ORG_ID, run `ninepic configure`, or give --org-id NUMBER"
        )
    found.base_url = base_url or found.base_url
    return found


def _fill_from_environment(found: Profile, has_key: bool) -> Profile:
    """Clear values that the environment has. A key must only go to the address of its own profile."""
    if has_key:
        found.api_key = found.base_url = None
    if os.environ.get("NINEPIC_ORG_ID"):
        found.org_id = None
    if os.environ.get("NINEPIC_BASE_URL"):
        found.base_url = None
    return found


def _no_profile(name: str, profiles: dict[str, Profile]) -> str:
    there = f"there are {', '.join(profiles)}" if profiles else "no profile is saved yet"
    return f"there is no profile {name}: {there}"


def save_profile(name: str, profile: Profile, *, keyring: bool | None = None) -> str:
    """Write a profile, and return where its key is: ``keyring`` or the file's path.

    Args:
        name: the profile's name.
        profile: the profile to write.
        keyring: whether to store the key in the system's keyring; None does so if a keyring works.

    Raises:
        CommandError: the file can't be written, or the keyring if ``keyring`` is True.
    """
    profile.key_in = "keyring" if _into_keyring(name, profile, keyring) else "file"
    profiles = read_profiles()
    profiles[name] = profile
    _write(profiles)
    return "keyring" if profile.key_in == "keyring" else str(config_path())


def remove_profile(name: str) -> None:
    """Delete a profile and its key.

    Raises:
        UsageError: there is no such profile.
        CommandError: the file can't be written.
    """
    profiles = read_profiles()
    removed = profiles.pop(check_name(name), None)
    if removed is None:
        raise UsageError(_no_profile(name, profiles))
    if removed.key_in == "keyring" and (ring := _keyring()) is not None:
        with contextlib.suppress(Exception):  # backends raise errors of their own
            ring.delete_password(_KEYRING_SERVICE, name)
    _write(profiles)


def _profile(section: configparser.SectionProxy) -> Profile:
    return Profile(
        org_id=section.get("org_id"),
        base_url=section.get("base_url"),
        api_key=section.get("api_key"),
        key_in=section.get("key_in", "file"),
    )


def _parser() -> configparser.ConfigParser:
    # No interpolation, because a key may hold a percent sign, and no section with defaults for all others.
    return configparser.ConfigParser(interpolation=None, default_section="", strict=False)


def _write(profiles: dict[str, Profile]) -> None:
    parser = _parser()
    for name, profile in profiles.items():
        kept = {"org_id": profile.org_id, "base_url": profile.base_url, "key_in": profile.key_in}
        if profile.key_in == "file":
            kept["api_key"] = profile.api_key
        parser[name] = {field: value for field, value in kept.items() if value}
    path = config_path()
    try:
        path.parent.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        with replacing(path) as descriptor, open(descriptor, "w", encoding="utf-8") as file:
            parser.write(file)
    except OSError as error:
        raise CommandError(f"{path} can't be written: {error.strerror}") from None


@contextlib.contextmanager
def replacing(path: Path, mode: int = _FILE_MODE) -> Iterator[int]:
    """Open a new file, and replace the old one by it at the end.

    Args:
        path: the file's path.
        mode: the file's permissions, before the umask. By default, only the user can read it.

    Yields:
        The new file's descriptor.
    """
    descriptor, new = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # with mode 0600
    try:
        if os.name == "posix" and mode != _FILE_MODE:
            os.umask(umask := os.umask(0))
            os.fchmod(descriptor, mode & ~umask)
        yield descriptor
        os.replace(new, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(new)
        raise


def _warn_if_shared(path: Path, mode: int) -> None:
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        print_error(f"{path} can be read by other users of this machine: chmod 600 {path}")


class _Keyring(Protocol):
    """The functions of the package ``keyring`` that are used here."""

    def get_password(self, service: str, name: str, /) -> str | None: ...
    def set_password(self, service: str, name: str, key: str, /) -> None: ...
    def delete_password(self, service: str, name: str, /) -> None: ...


def _keyring() -> _Keyring | None:
    if find_spec("keyring") is None:
        return None
    return cast("_Keyring", importlib.import_module("keyring"))


def _into_keyring(name: str, profile: Profile, wanted: bool | None) -> bool:
    if wanted is False or profile.api_key is None:
        return False
    ring = _keyring()
    if ring is None:
        if wanted:
            raise CommandError("--keyring needs the package keyring: pip install keyring")
        return False
    try:
        ring.set_password(_KEYRING_SERVICE, name, profile.api_key)
        is_kept = ring.get_password(_KEYRING_SERVICE, name) == profile.api_key
    except Exception:  # backends raise errors of their own
        is_kept = False
    if wanted and not is_kept:
        raise CommandError("the system's keyring does not store the key: remove --keyring")
    return is_kept


def _from_keyring(name: str) -> str:
    ring = _keyring()
    if ring is None:
        raise CommandError(f"the key of profile {name} is in the keyring: pip install keyring")
    try:
        key = ring.get_password(_KEYRING_SERVICE, name)
    except Exception as error:  # backends raise errors of their own
        raise CommandError(f"the system's keyring does not work: {type(error).__name__}") from None
    if not key:
        raise CommandError(
            f"the keyring has no key for profile {name}: run `ninepic configure --profile {name}`"
        )
    return key
