"""The bulk fetcher behind ``event.download``: many files into one folder, complete, resumable at any point.

Each file is written as ``.part``, its length and content are checked, it is made to last (``fdatasync``), and
then gets its name; only then does the journal call it done. So a file under its final name is whole after a
``kill -9``, and after a power loss too where the filesystem keeps a rename behind the data written before it.
"""

from __future__ import annotations
