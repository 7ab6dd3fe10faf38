"""Make a gallery of photos that are built to exhaust memory or time, and measure what it takes.

    python -m benchmarks.hostile_photos

Prints the peak memory of all processes together (their own pages, Linux only), the time, and the time that
Ctrl-C takes. The bars: 512 MB beside what the caller had, and one second.
"""

from __future__ import annotations

import io
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from PIL import Image

from ninepic_async.gallery import write_gallery

BAR_BYTES = 512 * 1024 * 1024
BAR_SECONDS = 1.0
RUN = "import sys; from ninepic_async.gallery import write_gallery; write_gallery(sys.argv[1])"


def multi_scan(width: int, height: int, scans: int) -> bytes:
    """A progressive JPEG of that size, with as many empty scans behind its own."""
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "JPEG", progressive=True, subsampling=0)
    content = out.getvalue()
    frame = content.index(b"\xff\xc2") + 5
    content = content[:frame] + struct.pack(">HH", height, width) + content[frame + 4 :]
    scan = bytes.fromhex("ffda 0008 01 01 00 01 3f 00") + b"\x00"
    return content[:-2] + scan * scans + b"\xff\xd9"


def large(size: tuple[int, int], form: str, mode: str = "RGB", **options: object) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, 90 if len(mode) == 1 else "teal").save(out, form, **options)
    return out.getvalue()


def fill(folder: Path) -> None:
    for number in range(4):
        (folder / f"progressive-{number}.jpg").write_bytes(multi_scan(14_000, 10_000, 0))
    (folder / "huge-progressive.jpg").write_bytes(multi_scan(16_000, 15_000, 0))
    (folder / "scans.jpg").write_bytes(multi_scan(3_000, 2_000, 18_000))
    (folder / "few-scans.jpg").write_bytes(multi_scan(10_000, 6_000, 80))
    (folder / "real-102-mp.jpg").write_bytes(large((11_648, 8_736), "JPEG"))
    (folder / "real-102-mp.png").write_bytes(large((11_648, 8_736), "PNG"))
    (folder / "real-60-mp-progressive.jpg").write_bytes(large((9_504, 6_336), "JPEG", progressive=True))
    (folder / "webp.webp").write_bytes(large((5_000, 5_000), "WEBP", method=0))
    (folder / "tiff.tif").write_bytes(large((6_000, 6_000), "TIFF", compression="tiff_lzw"))
    (folder / "palette.gif").write_bytes(large((9_000, 6_000), "GIF", "L"))
    (folder / "avif.avif").write_bytes(large((3_000, 3_000), "AVIF", speed=10))


def own_bytes(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return 1024 * sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Private_"))


def children() -> list[int]:
    found: list[int] = []
    for task in Path("/proc/self/task").iterdir():
        try:
            found += map(int, (task / "children").read_text().split())
        except OSError:
            continue
    return found


def peak_of(work: threading.Thread) -> int:
    peak = 0
    work.start()
    while work.is_alive():
        peak = max(peak, sum(map(own_bytes, children())))
        time.sleep(0.02)
    return peak


def interrupted(folder: Path) -> float:
    """Interrupt a run in the middle of its decoding; return the seconds that it then took to end."""
    process = subprocess.Popen([sys.executable, "-c", RUN, str(folder)], stderr=subprocess.DEVNULL)
    time.sleep(1.0)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    process.wait(timeout=60)
    return time.monotonic() - began


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fill(folder)
        print(f"Ctrl-C: {interrupted(folder):.2f} s, bar {BAR_SECONDS:.0f} s")
        began = time.monotonic()
        work = threading.Thread(target=write_gallery, args=(folder,))
        peak = peak_of(work)
        print(f"peak of all processes: {peak / 1e6:.0f} MB, bar {BAR_BYTES / 1e6:.0f} MB")
        print(f"time: {time.monotonic() - began:.1f} s")
        for row in write_gallery(folder).failed:
            print(f"not shown: {row.name}: {row.error}")
    if peak > BAR_BYTES:
        sys.exit("over the bar")


if __name__ == "__main__":
    main()
