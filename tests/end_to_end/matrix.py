"""The fault matrix: which faults there are, how a cell comes out, and the table of it all."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from email.utils import formatdate
from pathlib import Path
from typing import Final

from attrs import frozen

from ninepic_async import NinePicError
from ninepic_async._http.transport import LARGEST_REPLY_BYTES
from ninepic_async.sandbox import ManualClock, Sandbox
from ninepic_async.sandbox.faults.fault import FaultFields

from .calls import scene_in
from .clients import PHOTOS, client_of
from .columns import COLUMNS, MAX_FILE_BYTES, Column, Visit, files_in
from .tour import FAR_AHEAD, Participants

HTML: Final = "<html><head><title>Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>"
SURVIVED: Final = "survived"
NOT_THERE: Final = ""
PROPERTY: Final = "row of the fault matrix"
"""Under this name a test hands its row on to the summary, which may be another process's."""
DEADLINE_S: Final = 20.0
SHORT_DEADLINE_S: Final = 4.0
"""Where the call is known to go on for all of it."""
BOUND_S: Final = 30.0
"""A call that takes this long hangs: its deadline is long over."""

Kind = Callable[[Column], FaultFields | None]


def always(**fields: object) -> Kind:
    return lambda _: fields  # type: ignore[return-value]


def in_json(make: Callable[[str], FaultFields]) -> Kind:
    """A fault at the column's key; photos are no JSON."""
    return lambda column: make(column.key) if column.key else None


def in_pages(fields: FaultFields) -> Kind:
    return lambda column: fields if column.paged else None


def of_api(fields: FaultFields) -> Kind:
    return lambda column: fields if column.key else None


def _message(status: int, **fields: object) -> Kind:
    return always(status=status, body={"message": "Too Many Requests"}, **fields)


def _error(status: int) -> Kind:
    return always(status=status, body={"responseType": "error", "message": "so it is", "data": None})


def _oversized(column: Column) -> FaultFields | None:
    """One endpoint stands for all of the API: it takes a while to send as much as is too much for it."""
    if not column.key:
        return {"extra_bytes": 2 * MAX_FILE_BYTES}
    return {"extra_bytes": LARGEST_REPLY_BYTES} if column is COLUMNS["ping"] else None


KINDS: Final[Mapping[str, Kind]] = {
    "400": _error(400),
    "401": _error(401),
    "403": _error(403),
    "404": _error(404),
    "422": _error(422),
    "500": _error(500),
    "HTML 413": always(status=413, body=HTML),
    "HTML 502": always(status=502, body=HTML, headers={"Content-Type": "text/html"}),
    "empty 503": always(status=503),
    "503 after the work": always(status=503, body=HTML, after_work=True),
    "504": always(status=504, body=HTML),
    "bare 403": always(status=403, body={"message": "Forbidden"}),
    "bare 429": _message(429),
    "429, Retry-After in seconds": _message(429, headers={"Retry-After": "0.01"}),
    "429, Retry-After as a date": _message(429, headers={"Retry-After": formatdate(0, usegmt=True)}),
    "429, Retry-After an hour": of_api({"status": 429, "headers": {"Retry-After": "3600"}}),
    "empty 200": always(status=200),
    "HTML 200": always(status=200, body=HTML),
    "a list": always(status=200, body=[]),
    "an error in a 200": always(status=200, body={"responseType": "error", "message": "no", "data": None}),
    "a redirect": always(status=302, headers={"Location": "http://127.0.0.1:9/elsewhere"}),
    "delay": always(delay_s=3600),
    "delay after the work": always(delay_s=3600, after_work=True),
    "stall": always(stall=True),
    "stall after the work": always(stall=True, after_work=True),
    "stall after the head": always(stall=True, after_bytes=0),
    "stall in the body": always(stall=True, after_bytes=20),
    "reset": always(reset=True),
    "reset after the head": always(reset=True, after_bytes=0),
    "reset in the body": always(reset=True, after_bytes=20),
    "reply lost after the work": always(lose_reply=True),
    "truncated": always(truncate_after=20),
    "nothing of the body": always(truncate_after=0),
    "spaces at the end": of_api({"extra_bytes": 100_000}),
    "larger than is taken": _oversized,
    "Content-Length too large": always(headers={"Content-Length": "900000"}),
    "Content-Length too small": always(headers={"Content-Length": "9"}),
    "a wrong type": in_json(lambda key: {"replace": {key: [["tall"]]}}),
    "null": in_json(lambda key: {"replace": {key: None}}),
    "a missing key": in_json(lambda key: {"remove": [key]}),
    "data is null": of_api({"replace": {"$.data": None}}),
    "a repeated page": in_pages({"serve_page": 1}),
    "hasNextPage for ever": in_pages({"replace": {"$.data.pagination.hasNextPage": True}}),
    "one a second": always(per_second=1),
    "one at once": always(at_once=1),
}
THROTTLES: Final = ("one a second", "one at once")
ONLY_LATER_PAGES: Final = ("a repeated page",)
"""Nothing is wrong with the first page being the first page."""

Row = tuple[str, str, dict[str, str]]
"""The fault, how often it struck, and the outcome of each column."""


class LeapingClock(ManualClock):
    """Lets the time that a reply waits for pass at once."""

    async def sleep(self, seconds: float, /) -> None:
        self.advance(seconds)


@frozen
class Stage:
    """What all cells are played on: who takes part, the files of a gallery to download, and room."""

    people: Participants
    files: Path
    room: Path


async def undisturbed(stage: Stage) -> dict[str, object]:
    """What each column gives when all is well."""
    results: dict[str, object] = {}
    for name, column in COLUMNS.items():
        async with _visit(stage, name) as visit:
            results[name] = await column.call(visit)
    return results


async def cell(kind: str, times: int | None, name: str, stage: Stage, expected: object) -> str:
    """Make one call while a fault strikes, and tell how it came out."""
    column = COLUMNS[name]
    said = KINDS[kind](column)
    if said is None or (kind in ONLY_LATER_PAGES and name == "face_search"):
        return NOT_THERE
    fields: FaultFields = {**said, "endpoint": column.fault_at or name, "times": times}
    if kind in ONLY_LATER_PAGES:
        fields["page"] = 2
    async with _visit(stage, name, fields) as visit:
        visit.sb.faults.add(**fields)
        outcome = await _outcome(visit, column, expected)
        visit.sb.faults.assert_used_up()
        return outcome


async def _outcome(visit: Visit, column: Column, expected: object) -> str:
    outcome = SURVIVED
    try:
        async with asyncio.timeout(BOUND_S):
            if await column.call(visit) != expected:
                outcome = "ANOTHER RESULT"
    except NinePicError as error:
        outcome = type(error).__name__
    except TimeoutError:
        outcome = "HANGS"
    except Exception as error:
        outcome = f"UNTYPED {error!r}"
    if isinstance(expected, dict) and not files_in(visit.folder).items() <= expected.items():
        outcome = f"A TORN FILE, and {outcome}"
    if visit.sb.state.searches_charged > 1:
        outcome = f"CHARGED TWICE, and {outcome}"
    visit.sb.assert_no_key_leaked()
    return outcome


@asynccontextmanager
async def _visit(stage: Stage, name: str, fields: FaultFields | None = None) -> AsyncIterator[Visit]:
    fields = fields or {}
    clock = LeapingClock(FAR_AHEAD)
    files = stage.files if name == "download" else None
    async with (
        Sandbox(photos=PHOTOS, clock=clock, folder=files) as sb,
        client_of(sb, timeout=SHORT_DEADLINE_S if fields.get("stall") else DEADLINE_S) as client,
    ):
        yield Visit(sb, client, scene_in(sb, stage.people), stage.room / name)


def table(rows: Iterable[Row]) -> list[str]:
    """A line for each fault: how it came out when it struck once, and when it did not go away."""
    by_kind: dict[str, dict[str, dict[str, str]]] = {kind: {} for kind in KINDS}
    for kind, often, by_column in rows:
        by_kind[kind][often] = by_column
    lines = [("fault", "once", "for ever")]
    for kind, found in by_kind.items():
        if found:
            lines.append((kind, _summed(found.get("once", {})), _summed(found.get("for ever", {}))))
    widths = [max(len(line[place]) for line in lines) for place in range(2)]
    return [f"{kind:{widths[0]}}  {once:{widths[1]}}  {for_ever}".rstrip() for kind, once, for_ever in lines]


def _summed(by_column: Mapping[str, str]) -> str:
    """The outcome of most columns, and then those that differ."""
    columns: defaultdict[str, list[str]] = defaultdict(list)
    for column, outcome in by_column.items():
        if outcome != NOT_THERE:
            columns[outcome].append(column)
    most, *others = sorted(columns, key=lambda outcome: -len(columns[outcome])) or ["-"]
    return "; ".join([most, *(f"{', '.join(columns[other])}: {other}" for other in others)])
