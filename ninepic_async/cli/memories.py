"""``ninepic memories``: a participant's photos and clips, by BIB, by selfie, or by both."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

from attrs import field, frozen
from cyclopts import Parameter
from cyclopts.validators import Number

from ninepic_async import Clip, DownloadReport, Event, ImageItem, Memories, NinePic
from ninepic_async._records import JSONReady
from ninepic_async._support.text import count_text
from ninepic_async.cli.errors import FAILED, OK, Interrupted, UsageError
from ninepic_async.cli.fetch import FetchOptions, check_folder, fetch, print_outcome
from ninepic_async.cli.gallery import name_of, page_after_download
from ninepic_async.cli.options import (
    ACCOUNT,
    HOW,
    ROWS,
    WHICH,
    Account,
    EventId,
    Flag,
    RowOutput,
    find_event,
    folder_path,
)
from ninepic_async.cli.progress import waiting
from ninepic_async.cli.selection import (
    Found,
    Rendition,
    check_selfie_or_request_id,
    print_request_id,
    read_selfie,
)
from ninepic_async.cli.tables import Column, document, row_writer
from ninepic_async.cli.terminal import print_error, print_json, print_note

_PARTS: Final = {"bib": "BIB search", "selfie": "Selfie search", "clips": "Clips"}
_NOUNS: Final = {"bib": "photo", "selfie": "photo", "clips": "clip"}


@Parameter(name="*", group=WHICH)
@frozen(kw_only=True)
class Person:
    """How to find the participant."""

    bib: str | None = None
    """The BIB number."""

    selfie: Annotated[Path | None, Parameter(allow_leading_hyphen=True)] = None
    """A picture file with the person's face, or - for stdin. This is a new search, which is charged."""

    request_id: str | None = None
    """The id of an earlier selfie search, instead of a selfie: no upload, no charge."""

    clips: Flag = False
    """Also find video clips (Motion). Needs a selfie or --request-id."""

    def check(self) -> None:
        """Check that the options can be used together.

        Raises:
            UsageError: they can't.
        """
        has_face = self.selfie is not None or self.request_id is not None
        if has_face:
            check_selfie_or_request_id(self.selfie, self.request_id)
        if not has_face and self.bib is None:
            raise UsageError("give --bib, a face with --selfie or --request-id, or both")
        if self.clips and not has_face:
            raise UsageError("--clips needs --selfie or --request-id: clips are found by the person's face")


@Parameter(name="*", group=HOW)
@frozen(kw_only=True)
class SaveOptions:
    """How to store the photos and clips."""

    to: Annotated[Path | None, Parameter(converter=folder_path, allow_leading_hyphen=True)] = None
    """Download the photos and clips into this folder."""

    rendition: Rendition = "large"
    """The watermarked preview (large), the thumbnail, or the original."""

    gallery: Flag = False
    """Also write index.html in the folder, a page that shows which search found each photo."""

    title: str | None = None
    """The page's title. Default: the event's name."""

    wait: Annotated[float | None, Parameter(validator=Number(gt=0, lte=86_400))] = None
    """Seconds for all searches together. Default: --timeout, or 600 with --clips."""

    def check(self) -> None:
        """Check that the options can be used together.

        Raises:
            UsageError: they can't.
        """
        if self.gallery and self.to is None:
            raise UsageError("--gallery makes a page in the folder: give --to too")
        if self.title is not None and not self.gallery:
            raise UsageError("--title is the title of the page: give --gallery too")
        check_folder(self.to)


@frozen(kw_only=True)
class _Row(JSONReady):
    """One photo or clip."""

    kind: str
    id: str
    found_by: str
    url: str = field(repr=False)


_ROWS: Final[Sequence[Column[_Row]]] = (
    Column("kind", lambda row: row.kind),
    Column("id", lambda row: row.id),
    Column("found by", lambda row: row.found_by),
    Column("address", lambda row: row.url, is_url=True),
)
_PERSON = Person()
_SAVE = SaveOptions()


def memories(
    event_id: EventId,
    /,
    *,
    person: Person = _PERSON,
    save: SaveOptions = _SAVE,
    account: Account = ACCOUNT,
    output: RowOutput = ROWS,
) -> int:
    """Gather a participant's photos and clips: by BIB, by selfie, or by both."""
    person.check()
    save.check()
    client = account.client()
    selfie = None if person.selfie is None else read_selfie(person.selfie)
    # Write the page after the event loop has ended: then Ctrl-C can interrupt it.
    found, report, name = asyncio.run(_memories(client, event_id, person, selfie, save))
    is_shown = True
    if save.to is not None and report is not None:
        print_outcome(report, save.to)
        if save.gallery and (report.done or report.skipped):
            page = page_after_download(save.to, save.title or name)
            is_shown = page is not None and not page.failed
    _write(found, output)
    is_complete = all(part.state != "failed" for part in found.parts.values())
    return OK if is_complete and is_shown and (report is None or report.complete) else FAILED


async def _memories(
    client: NinePic, event_id: str, person: Person, selfie: Path | bytes | None, save: SaveOptions
) -> tuple[Memories, DownloadReport | None, str | None]:
    async with client:
        event = await find_event(client, event_id)
        found = await _gather(event, person, selfie, save.wait)
        _print_parts(found)
        if save.to is None or not found:
            return found, None, None
        files: list[ImageItem | Clip] = [*found.photos, *found.clips]
        options = FetchOptions(rendition=save.rendition)
        report = await fetch(event, Found(files, len(files), found.request_id), save.to, options)
        if report.done or report.skipped:
            await asyncio.to_thread(_note, save.to, person.bib, found)
        return found, report, await name_of(event) if save.gallery and save.title is None else None


async def _gather(event: Event, person: Person, selfie: Path | bytes | None, wait: float | None) -> Memories:
    # Create the request_id here, so that it is known after Ctrl-C.
    own_id = None if selfie is None else str(uuid.uuid4())
    try:
        with waiting("Searching"):
            return await event.memories(
                bib=person.bib,
                selfie=selfie,
                search=person.request_id,
                request_id=own_id,
                clips=person.clips,
                timeout=wait,
            )
    except asyncio.CancelledError:
        # Only Ctrl-C cancels this task.
        how = "" if own_id is None else f"; --request-id {own_id} may have the result, without a new charge"
        raise Interrupted(f"interrupted{how}") from None


def _print_parts(found: Memories) -> None:
    for name, part in found.parts.items():
        counted = count_text(part.count, _NOUNS[name])
        if part.state == "failed":
            print_error(f"{_PARTS[name]} failed: {part.error}; {counted}")
        else:
            print_note(f"{_PARTS[name]}: {'off for this event' if part.state == 'off' else counted}.")
    if found.request_id is not None:
        print_request_id(found.request_id)


def _note(to: Path, bib: str | None, found: Memories) -> None:
    from ninepic_async.gallery import note_bib, note_found_by

    note_found_by(to, {photo.image_id: found.found_by[photo.image_id] for photo in found.photos})
    by_bib = [image_id for image_id, ways in found.found_by.items() if "bib" in ways]
    if bib is not None and by_bib:
        note_bib(to, bib, by_bib)


def _write(found: Memories, output: RowOutput) -> None:
    if output.form == "json":
        print_json(document(found))
        return
    rows = [
        _Row(
            kind="photo",
            id=photo.image_id,
            found_by=", ".join(sorted(found.found_by.get(photo.image_id, ()))),
            url=photo.img_url,
        )
        for photo in found.photos
    ]
    rows += [
        _Row(kind="clip", id=clip.video_id or "", found_by="selfie", url=clip.url) for clip in found.clips
    ]
    row_writer(_ROWS, output.form).write(rows)
