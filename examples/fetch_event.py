"""Fetch all photos of an event into a folder: ``python fetch_event.py EVENT FOLDER``.

Stop it at any time. Run it again, also after a failure, and it continues. The key and the organisation come
from NINEPIC_API_KEY and NINEPIC_ORG_ID.
"""

from __future__ import annotations

import asyncio
import sys

from ninepic_async import DownloadProgress, NinePic, NinePicError


async def main(event_id: str, folder: str) -> int:
    """Fetch what is missing. Return 1 if something is still missing, else 0."""
    try:
        async with NinePic() as client:
            event = client.event(event_id)
            report = await event.download(event.photos(), folder, on_progress=show)
    except NinePicError as error:
        print(f"\nstopped: {error}\nrun this again to continue", file=sys.stderr)
        return 1
    print(f"\n{report.done} fetched, {report.skipped} were there before")
    for row in report.failed:
        print(f"{row.name} is missing: {row.error}", file=sys.stderr)
    return 1 if report.failed else 0


def show(progress: DownloadProgress) -> None:
    """Show the progress on one line."""
    megabytes = progress.bytes_per_s / 1e6
    print(f"\r{progress.done} of {progress.known} photos, {megabytes:.1f} MB/s ", end="", flush=True)


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:])))
