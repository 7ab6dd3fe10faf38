"""Import the package, and print the help of the command line, beside importing aiohttp, in turn.

python -m benchmarks.import_time
"""

from __future__ import annotations

import subprocess
import sys
import time
from statistics import median

STATEMENTS = (
    "pass",
    "import aiohttp",
    "import ninepic_async",
    "from ninepic_async import NinePic",
    "from ninepic_async.cli import main; main(['--help'])",
)


def seconds(statement: str) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


if __name__ == "__main__":
    times = {statement: [] for statement in STATEMENTS}  # type: dict[str, list[float]]
    for _ in range(15):
        for statement, measured in times.items():
            measured.append(seconds(statement))
    bare = median(times["pass"])
    aiohttp = median(times["import aiohttp"]) - bare
    for statement in STATEMENTS[1:]:
        cost = median(times[statement]) - bare
        print(f"{statement}: {cost * 1000:.0f} ms, {cost / aiohttp:.2f} of import aiohttp")
