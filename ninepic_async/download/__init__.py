"""The bulk fetcher behind ``event.download``: many files into one place, complete, and resumable at any time.

Each file is written as ``.part``. Its length and content are checked, it is flushed to disk, and then it gets
its name. Only after that does the journal call it done. So a file under its final name is whole, also after a
``kill -9``, and after a power failure if the file system writes the data before the name.
"""

from __future__ import annotations
