"""What the generator can't derive: bases, bodies and docstrings of some members, and the homes of names."""

from __future__ import annotations

import re
import textwrap
from typing import Final

BLOCKING: Final = ("ClipJob", "Event", "FaceSearch", "NinePic", "Pager")
"""The public classes that have a blocking counterpart."""

BASES: Final = {
    "EventHandle": "Face[AsyncEvent]",
    "NinePic": "ClientFace",
    "Pager": "Face[AsyncPager[T]], Generic[T]",
}
"""What a blocking class derives from where that is not `Face` or the counterparts of the async bases."""

RENAMED: Final = {
    "aclose": "close",
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "__aiter__": "__iter__",
}

ITERATORS: Final = {
    "AsyncGenerator": "Generator[{}, None, None]",
    "AsyncIterator": "Iterator[{}]",
    "AsyncIterable": "Iterable[{}]",
}
IMPORTS: Final = {
    "AsyncPager": "ninepic_async.pagination:Pager",
    "ClientFace": "ninepic_async.sync._face",
    "ConfigError": "ninepic_async.errors",
    "Face": "ninepic_async.sync._face",
    "FoundFaces": "ninepic_async.pagination",
    "Generator": "collections.abc",
    "Generic": "typing",
    "Iterable": "collections.abc",
    "Iterator": "collections.abc",
    "Self": "typing",
    "Portal": "ninepic_async.sync._portal",
    "Source": "ninepic_async.sync._sources",
    "attach": "ninepic_async.pagination",
    "pager_of": "ninepic_async.pagination",
    "call_with_progress": "ninepic_async.sync._sources",
    "closing": "contextlib",
    "fields_of": "ninepic_async.sync._face",
    "frozen": "attrs",
    "hidden": "ninepic_async._support.secret",
    "opaque": "ninepic_async._support.secret",
    "hidden_unless_number": "ninepic_async._support.secret",
    "in_the_loop": "ninepic_async.sync._sources",
}
"""Names that generated code uses and the async modules do not import from there."""

BODIES: Final = {
    "NinePic.__init__": """
        api_key, org_id = hidden(api_key), hidden_unless_number(org_id)
        if session is not None:
            raise ConfigError(
                "session belongs to one event loop, and a blocking client has its own: leave it out"
            )
        super().__init__(AsyncNinePic({arguments}))
    """,
    "NinePic.close": "self._close()",
    "NinePic.with_options": "return self._view(self._async.with_options({arguments}))",
    "NinePic.__enter__": "return self",
    "NinePic.__exit__": "self.close()",
    "Pager.__iter__": """
        with closing(self.pages()) as pages:
            for page in pages:
                yield from page.items
    """,
    "Pager.pages": "return self._portal.iterate(self._async.pages(), self._async._about)",
    "ClipJob.updates": "return self._portal.iterate(self._async.updates({arguments}), self._async._about)",
    "FaceSearch.__iter__": "return iter(self._pager)",
}
PREAMBLES: Final = {
    "FaceSearch": """
        @property
        def _pager(self) -> Pager[ImageItem]:
            pager: Pager[ImageItem] | None = getattr(self, "_attached", None)
            return pager or Pager(Portal(), self._over_images())

        @classmethod
        def _of(cls, portal: Portal, search: AsyncFaceSearch) -> Self:
            made = cls(**fields_of(search))
            object.__setattr__(made, "_attached", Pager(portal, pager_of(search)))
            return made

        @property
        def _async(self) -> AsyncFaceSearch:
            return attach(AsyncFaceSearch(**fields_of(self)), self._pager._async)
    """,
}
DOCSTRINGS: Final = {
    "NinePic": (
        r"Client for the 9Pic external API, for asyncio\..*?(?=Args:)",
        textwrap.dedent("""\
            Client for the 9Pic external API, for code that does not ``await``: scripts, notebooks, web views.

            Create one client and share it between threads. It opens connections on first use, and runs its
            event loop in a background thread, so it also works where another loop runs. Ctrl-C cancels the
            call that it interrupts. Close it with ``with`` or ``client.close()``. After a ``fork``, create a
            new client in the child: one that was in use before the fork raises an error there.

        """),
    ),
    "NinePic.close": (
        r"Close the connections\. ",
        "Cancel the calls under way and close the connections.\n\n",
    ),
}
"""What to replace in a docstring: a pattern and its replacement."""

REWORDINGS: Final = (
    (re.compile(r"\(await ((?:[^()]|\([^()]*\))*)\)"), r"\1"),
    (re.compile(r"\bawait "), ""),
    (re.compile(r"\basync (for|with)\b"), r"\1"),
    (re.compile(r"\baclose\b"), "close"),
    (
        re.compile(r"( +)session: .*?(?=\n\n|\n\1\w+:)", re.DOTALL),
        (
            r"\1session: must be None. An ``aiohttp.ClientSession`` belongs to one event loop, and this"
            r"\n\1    client has its own."
        ),
    ),
)
