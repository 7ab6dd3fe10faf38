"""Lists and selfie searches, read with a plain ``for``."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from typing import Any, Generic, Self, TypeVar

from attrs import field, frozen

from ninepic_async import pagination as _paging
from ninepic_async.models import ImageItem, Page
from ninepic_async.sync._docs import documented_as
from ninepic_async.sync._portal import Portal

T = TypeVar("T")


@documented_as(_paging.Pager)
@frozen
class Pager(Generic[T]):
    _portal: Portal = field(eq=False, repr=False)
    _pager: _paging.Pager[T]

    def __iter__(self) -> Generator[T, None, None]:
        with closing(self.pages()) as pages:
            for page in pages:
                yield from page.items

    def pages(self) -> Generator[Page[T], None, None]:
        return self._portal.iterate(self._pager.pages())

    def first_page(self) -> Page[T]:
        return self._portal.call(self._pager.first_page)

    def collect(self, limit: int | None = None) -> list[T]:
        return self._portal.call(self._pager.collect, limit)


@documented_as(_paging.FaceSearch)
@frozen(kw_only=True)
class FaceSearch(_paging.FoundFaces):
    @property
    def _pager(self) -> Pager[ImageItem]:
        pager: Pager[ImageItem] | None = getattr(self, "_attached", None)
        return pager or Pager(Portal(), self._over_images())

    @classmethod
    def _of(cls, portal: Portal, search: _paging.FaceSearch) -> Self:
        found = cls(
            request_id=search.request_id,
            images=search.images,
            pagination=search.pagination,
            confidence_percentage=search.confidence_percentage,
            extra=search.extra,
        )
        object.__setattr__(found, "_attached", Pager(portal, _paging.behind(search)))
        return found

    def __iter__(self) -> Generator[ImageItem, None, None]:
        return self._pager.__iter__()

    def pages(self) -> Generator[Page[ImageItem], None, None]:
        return self._pager.pages()

    def first_page(self) -> Page[ImageItem]:
        return self._pager.first_page()

    def collect(self, limit: int | None = None) -> list[ImageItem]:
        return self._pager.collect(limit)


def behind(listed: Pager[Any] | FaceSearch) -> _paging.Pager[Any]:
    """Give the list that this one reads from, in the loop."""
    return (listed._pager if isinstance(listed, FaceSearch) else listed)._pager
