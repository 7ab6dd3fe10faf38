"""``python -m ninepic_async.cli`` is ``ninepic``."""

from __future__ import annotations

import sys

from ninepic_async.cli import main

if __name__ == "__main__":
    sys.exit(main())
