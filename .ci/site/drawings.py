"""Draw the pictures of docs/architecture.md: ``python .ci/site/drawings.py``.

The rooms come from the import contract in pyproject.toml. `tests/docs/test_drawings.py` checks that the files
are up to date.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

ROOT: Final = Path(__file__).parents[2]
WIDTH: Final = 720
ROW: Final = 44
GAP: Final = 8
STEP: Final = 30
"""The height of an arrow between two steps."""
NAME_WIDTH: Final = 210
STYLE: Final = """\
  text { font: 15px ui-monospace, "DejaVu Sans Mono", monospace; fill: #1b1a18; text-anchor: middle }
  text.note { font: 15px system-ui, "DejaVu Sans", sans-serif; text-anchor: start }
  rect { fill: #f4e7e1; stroke: #b3340e; rx: 6px }
  path { fill: none; stroke: #65615a; stroke-width: 2px }
  @media (prefers-color-scheme: dark) {
    text { fill: #efede9 }
    rect { fill: #33221b; stroke: #ff8a5c }
    path { stroke: #a29e96 }
  }"""
CALL: Final = {
    "Event": "builds an endpoint: Details(event_id=456)",
    "Engine": "starts the deadline; decides on retries",
    "Throttle": "waits for a slot; all calls of a client share it",
    "Details.request": "says what to send: method, path, query",
    "AiohttpTransport": "sends it exactly once",
    "Details.decode": "turns the reply into EventDetails, or DecodeError",
}
DOWNLOAD: Final = {
    "source": "gives each photo a key, a name and a link",
    "journal": "knows finished files: they are skipped",
    "queue": "holds as many jobs as there are workers",
    "fetch": "writes NAME.part; resumes; retries",
    "links": "signs an expired link again",
    "content_check": "compares the first bytes with the name",
    "finish": "syncs a batch, renames, notes it in the journal",
}


def drawings() -> dict[Path, str]:
    """Return each drawing, by the file that it belongs in."""
    docs = ROOT / "docs"
    return {
        docs / "rooms.svg": _rooms(),
        docs / "call.svg": _steps("The steps of one call", CALL),
        docs / "download.svg": _steps("The steps of one photo through a download", DOWNLOAD),
    }


def _rooms() -> str:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contract = settings["tool"]["importlinter"]["contracts"][0]
    floors = [[room.strip() for room in layer.split("|")] for layer in contract["layers"]]
    shapes = [
        shape for floor, rooms in enumerate(floors) for shape in _floor(rooms, GAP + floor * (ROW + GAP))
    ]
    title = "The rooms of ninepic_async. Each row imports from the rows below it only."
    return _svg(title, len(floors) * (ROW + GAP) + GAP, shapes)


def _floor(rooms: list[str], top: int) -> Iterator[str]:
    width = (WIDTH - GAP * (len(rooms) + 1)) // len(rooms)
    for place, room in enumerate(rooms):
        yield _box(room, GAP + place * (width + GAP), top, width)


def _steps(title: str, steps: dict[str, str]) -> str:
    pitch = ROW + STEP
    shapes = []
    for place, (name, note) in enumerate(steps.items()):
        top = GAP + place * pitch
        if place:
            shapes.append(_arrow(GAP + NAME_WIDTH // 2, top - STEP + 2, top - 2))
        shapes.append(_box(name, GAP, top, NAME_WIDTH))
        shapes.append(
            f'<text class="note" x="{NAME_WIDTH + 32}" y="{top + ROW // 2 + 5}">{escape(note)}</text>'
        )
    return _svg(title, len(steps) * pitch - STEP + 2 * GAP, shapes)


def _box(text: str, left: int, top: int, width: int) -> str:
    middle, base = left + width // 2, top + ROW // 2 + 5
    return (
        f'<rect x="{left}" y="{top}" width="{width}" height="{ROW}"/>'
        f'<text x="{middle}" y="{base}">{escape(text)}</text>'
    )


def _arrow(x: int, top: int, bottom: int) -> str:
    return f'<path d="M{x} {top}V{bottom}m-6 -7l6 7l6 -7"/>'


def _svg(title: str, height: int, shapes: list[str]) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">'
    return "\n".join(
        [head, f"<title>{escape(title)}</title>", f"<style>\n{STYLE}\n</style>", *shapes, "</svg>", ""]
    )


if __name__ == "__main__":
    for path, text in drawings().items():
        path.write_text(text, encoding="utf-8")
