from __future__ import annotations

from pathlib import Path

import pytest

from ninepic_async.sandbox.drawn_pictures import DrawnPictures
from ninepic_async.sandbox.gallery import DrawnGallery


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of a few JPEGs as cameras write them: with EXIF capture times, all but one."""
    folder = tmp_path_factory.mktemp("photos")
    pictures = DrawnPictures(DrawnGallery("cli", 40, 1_768_608_000), "Folder Run")
    for place in (0, 8, 16, 24, 32, 39):
        (folder / f"p{place}.jpg").write_bytes(pictures.photo(place, "original"))
    (folder / "bibs.csv").write_text("file,bib\np0.jpg,१२\np8.jpg,१२\np16.jpg,9\n", encoding="utf-8")
    return folder
