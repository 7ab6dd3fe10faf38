"""Print the addresses of a participant's photos: ``python my_photos.py EVENT BIB``.

The key and the organisation come from NINEPIC_API_KEY and NINEPIC_ORG_ID.
"""

from __future__ import annotations

import sys

from ninepic_async.sync import NinePic, NinePicError


def main(event_id: str, bib: str) -> int:
    """Print one address a line. Return 1 if something failed, else 0."""
    try:
        with NinePic() as client:
            for photo in client.event(event_id).bib_search(bib):
                print(photo.img_url)
    except NinePicError as error:
        print(f"failed: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
