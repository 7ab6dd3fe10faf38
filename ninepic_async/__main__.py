"""Run the command line: ``python -m ninepic_async``."""

from __future__ import annotations

from ninepic_async.cli import script

if __name__ == "__main__":
    script()
