"""The folder or object store of an archive. Read and write its small files."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit

import obstore
from attrs import field, frozen
from obstore import exceptions
from obstore.store import LocalStore, from_url

from ninepic_async._support.arguments import folder as check_folder
from ninepic_async._support.redact import mask_queries
from ninepic_async.errors import DownloadError, InvalidInputError

_URL: Final = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
_SCHEMES: Final = ("file", "s3", "gs", "az", "memory")


@frozen
class Place:
    """A folder or an object store that contains an archive.

    Attributes:
        url: the folder's path or the store's URL, without credentials. Workers open it
            again from this text.
        folder: the folder's path; None for an object store.
    """

    url: str
    folder: Path | None
    store: Any = field(repr=False)

    @classmethod
    def open(cls, to: str | os.PathLike[str]) -> Self:
        """Open a place.

        Args:
            to: a folder's path, or the URL of a folder or an object store (file, s3, gs, az, memory).

        Raises:
            InvalidInputError: ``to`` is neither a folder nor a supported URL.
            DownloadError: the folder can't be created, or the store's settings are incomplete.
        """
        scheme = _URL.match(to) if isinstance(to, str) else None
        if scheme is None or scheme[1].casefold() == "file":
            path = Path(check_folder(urlsplit(str(to)).path if scheme else to, "to"))
            with store_errors(str(path)):
                return cls(str(path), path, LocalStore(str(path.absolute()), mkdir=True))
        if scheme[1].casefold() not in _SCHEMES:
            known = ", ".join(f"{name}://" for name in _SCHEMES)
            raise InvalidInputError(f"to={to!r}: give a folder, or a URL that starts with one of {known}")
        url = str(to).rstrip("/")
        with store_errors(url):
            return cls(url, None, from_url(url))

    async def names(self, folder: str | None = None) -> list[str]:
        """Return the paths of the files directly in a folder of the place, or in its root."""
        with store_errors(self.url):
            found = await obstore.list_with_delimiter_async(self.store, prefix=folder)
        return [each["path"] for each in found["objects"]]

    async def save(self, name: str, path: Path) -> bool:
        """Download a file to the local disk. Return False if there is no such file."""
        with store_errors(self.url):
            try:
                reply = await obstore.get_async(self.store, name)
                with path.open("wb") as file:
                    async for chunk in reply.stream():
                        file.write(chunk)
            except (exceptions.NotFoundError, FileNotFoundError):
                return False
        return True

    async def upload(self, name: str, path: Path) -> None:
        """Upload a file from the local disk, atomically."""
        with store_errors(self.url):
            await obstore.put_async(self.store, name, path)

    async def read(self, name: str) -> bytes | None:
        """Return a file's content, or None if there is no such file."""
        with store_errors(self.url):
            try:
                reply = await obstore.get_async(self.store, name)
                return bytes(await reply.bytes_async())
            except (exceptions.NotFoundError, FileNotFoundError) as error:
                if _NO_BUCKET.search(str(error)):
                    raise
                return None

    async def write(self, name: str, content: bytes) -> None:
        """Write a file, atomically."""
        with store_errors(self.url):
            await obstore.put_async(self.store, name, content)

    async def create(self, name: str, content: bytes) -> bool:
        """Write a file if there is none. Return False if there is one with different content.

        A store that does not support this check overwrites the file.
        """
        with store_errors(self.url):
            try:
                await obstore.put_async(self.store, name, content, mode="create")
            except (exceptions.AlreadyExistsError, FileExistsError):
                return await self.read(name) == content
            except exceptions.NotSupportedError:
                await obstore.put_async(self.store, name, content)
        return True

    async def delete(self, name: str) -> None:
        """Delete a file, if it exists."""
        with store_errors(self.url):
            try:
                await obstore.delete_async(self.store, name)
            except (exceptions.NotFoundError, FileNotFoundError) as error:
                if _NO_BUCKET.search(str(error)):
                    raise


_NO_BUCKET: Final = re.compile(r"NoSuchBucket|ContainerNotFound|bucket does not exist", re.IGNORECASE)
_HINTS: Final = {
    _NO_BUCKET: "there is no such bucket: create the bucket, or check its name",
    re.compile(
        r"PermanentRedirect|AuthorizationHeaderMalformed|IllegalLocation|IncorrectEndpoint"
        r"|region '[^']*' is wrong|incorrectly configured region",
        re.IGNORECASE,
    ): "the bucket is in another region: set the store's region, such as AWS_REGION",
    re.compile(
        r"InvalidAccessKeyId|SignatureDoesNotMatch|AuthenticationFailed|InvalidToken|ExpiredToken"
        r"|\b401\b|Unauthenticated|credential|169\.254",
        re.IGNORECASE,
    ): "the credentials are missing or wrong: set the store's credentials, such as AWS_ACCESS_KEY_ID and "
    "AWS_SECRET_ACCESS_KEY",
    re.compile(
        r"AccessDenied|\bForbidden\b|status 403|Authorization\w*(Failure|Mismatch)|PermissionDenied"
        r"|lacked the necessary privileges",
        re.IGNORECASE,
    ): "permission was refused: check that the credentials allow listing, reading, writing and deleting",
}
"""Patterns in the text of store errors that have no type of their own, and what to do about each."""


@contextmanager
def store_errors(url: str) -> Iterator[None]:
    """Turn a store's errors into a `DownloadError` that says what to do."""
    try:
        yield
    except (exceptions.BaseError, OSError, ValueError) as error:
        text = str(error)
        hint = next((hint for pattern, hint in _HINTS.items() if pattern.search(text)), None)
        reason = hint or _first_line(text)
    else:
        return
    raise DownloadError(f"can't use {url}: {reason}")


def _first_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return mask_queries(lines[0])[:300] if lines else "the store gave no reason"
