"""The bulk fetcher of ``event.download``: it fetches many files into one place, and can always resume.

Each file is written as a ``.part`` file. Its length and content are checked, it is flushed to disk, and then
it is renamed. The journal says "done" only after that. So a file under its final name is complete, also after
a ``kill -9``, and after a power failure if the file system writes the data before the name.
"""

from __future__ import annotations
