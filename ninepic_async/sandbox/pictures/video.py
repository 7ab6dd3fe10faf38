"""Encode short MP4 clips."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import av
import numpy as np
from PIL import Image

SIZE: Final = (480, 270)
FRAMES_PER_S: Final = 15
FRAMES: Final = 30


def encode(frames: Iterable[Image.Image]) -> bytes:
    """Return frames of `SIZE` as an MP4 (H.264) with the index at the start of the file."""
    # Use a file: to move the index to the start, the encoder reads what it has written.
    with TemporaryDirectory(prefix="ninepic-clip-") as folder:
        path = Path(folder, "clip.mp4")
        _write(path, frames)
        return path.read_bytes()


def _write(path: Path, frames: Iterable[Image.Image]) -> None:
    with av.open(path, "w", format="mp4", options={"movflags": "faststart", "fflags": "+bitexact"}) as film:
        stream = film.add_stream("libx264", rate=FRAMES_PER_S)
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        # One thread and no assembly, so that the same frames give the same bytes: x264's assembly depends on
        # the processor and on the memory behind a frame.
        stream.options = {"preset": "veryfast", "crf": "26", "threads": "1", "x264-params": "asm=0"}
        stream.time_base = Fraction(1, FRAMES_PER_S)
        for place, picture in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(np.asarray(picture), format="rgb24")
            frame.pts = place
            frame.time_base = Fraction(1, FRAMES_PER_S)
            film.mux(stream.encode(frame))
        film.mux(stream.encode())
