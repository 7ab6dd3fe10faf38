"""Download Originals: read the body, find the photos, sign their links."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import orjson
from attrs import frozen

from ninepic_async.sandbox.api.checks import Page, RefusalError, read_request_id
from ninepic_async.sandbox.api.payloads import Data, pagination
from ninepic_async.sandbox.events import Event
from ninepic_async.sandbox.links import Links
from ninepic_async.sandbox.state import SandboxState

METHODS: Final = ("bib", "selfie", "image_id", "image_ids")


@frozen
class OriginalsQuery:
    """The requested photos: one identifier, or a list of them for ``image_ids``."""

    method: str
    identifiers: tuple[str, ...]

    @property
    def echo(self) -> str | None:
        """Return the identifier that the reply repeats; None for a list of ids."""
        return None if self.method == "image_ids" else self.identifiers[0]


def read_query(body: bytes) -> OriginalsQuery:
    """Return the posted query; 422 names each problem."""
    try:
        posted = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise RefusalError(422, f"body: JSON decode error ({error})") from None
    if not isinstance(posted, dict):
        raise RefusalError(422, "body: Input should be an object")
    method, identifier = posted.get("method"), posted.get("identifier")
    problems = []
    if "method" not in posted:
        problems.append("body.method: Field required")
    elif method not in METHODS:
        problems.append("body.method: Input should be 'bib', 'selfie', 'image_id' or 'image_ids'")
    problems += ["body.identifier: Field required"] if "identifier" not in posted else []
    if not problems:
        problems = _identifier_problems(str(method), identifier)
    if problems:
        raise RefusalError(422, "; ".join(problems))
    return OriginalsQuery(
        str(method), tuple(identifier) if isinstance(identifier, list) else (str(identifier),)
    )


def _identifier_problems(method: str, identifier: object) -> list[str]:
    if method != "image_ids":
        good = isinstance(identifier, str) and identifier
        return [] if good else ["body.identifier: Input should be a non-empty string"]
    if not isinstance(identifier, list):
        return ["body.identifier: Input should be a valid list"]
    if not identifier:
        return ["body.identifier: List should have at least 1 item"]
    return [
        f"body.identifier.{place}: Input should be a valid string"
        for place, item in enumerate(identifier)
        if not isinstance(item, str)
    ]


def wanted_ids(state: SandboxState, event: Event, query: OriginalsQuery) -> Sequence[str]:
    """Return all requested ids, also unknown ones; 400 if none is known, 404 if the search is unknown."""
    gallery = event.gallery
    if query.method == "bib":
        return [gallery.photo(place).image_id for place in gallery.of_bib(query.identifiers[0])]
    if query.method == "selfie":
        search = state.search(event.event_id, read_request_id(query.identifiers[0]))
        if search is None:
            raise RefusalError(404, "request_id not found")
        return [photo.image_id for photo in search.photos]
    wanted = tuple(dict.fromkeys(query.identifiers))
    if all(gallery.index_of(image_id) is None for image_id in wanted):
        raise RefusalError(400, f"{query.method} not found for this event")
    return wanted


@frozen
class SignedOriginals:
    """Signs links to originals; ``missing`` is the share of photos (0 to 1) that have no original."""

    links: Links
    missing: float

    def page(self, event: Event, query: OriginalsQuery, ids: Sequence[str], page: Page, now: float) -> Data:
        """Return one page of links and failures."""
        presigned: list[Data] = []
        failed: list[Data] = []
        for image_id in ids[page.start : page.start + page.size]:
            if event.gallery.index_of(image_id) is None:
                failed.append(_failure(image_id, "Image not found", None))
            elif self.is_missing(image_id):
                path = f"imgs/{event.event_id}/large/{image_id}.jpg"
                failed.append(_failure(image_id, "Failed to generate URL", path))
            else:
                url = self.links.original(event.event_id, image_id, now)
                presigned.append({"url": url, "filename": f"{image_id}.jpg"})
        return {
            "presigned_urls": presigned,
            "failed_urls": failed,
            "total_images": len(ids),
            "successful_count": len(presigned),
            "failed_count": len(failed),
            "identifier": query.echo,
            "message": "Presigned URLs generated" if ids else "No images found",
            "pagination": pagination(len(ids), page),
        }

    def is_missing(self, image_id: str) -> bool:
        """Return whether a photo has no original."""
        return int(image_id[:4], 16) < self.missing * 0x10000


def _failure(image_id: str, error: str, path: str | None) -> Data:
    return {"image_id": image_id, "error": error, "path": path}
