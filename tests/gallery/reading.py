"""A gallery's page as a parser sees it."""

from __future__ import annotations

import os
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlsplit

from attrs import define, field


@define
class Element:
    tag: str
    attributes: dict[str, str | None]
    text: str = ""


@define
class ReadPage:
    """Every element in order; each has the text that follows its start, up to the next one."""

    elements: list[Element] = field(factory=list)
    ends: list[str] = field(factory=list)

    @property
    def skeleton(self) -> list[tuple[str, tuple[str, ...]]]:
        """The elements and the names of their attributes, without anything that was put in."""
        return [(element.tag, tuple(element.attributes)) for element in self.elements]

    def all(self, tag: str) -> list[Element]:
        return [element for element in self.elements if element.tag == tag]

    @property
    def photos(self) -> list[str]:
        """The names of the files that the thumbnails lead to, in order."""
        links = [
            self.elements[place - 1]
            for place, element in enumerate(self.elements)
            if element.tag == "img" and "src" in element.attributes
        ]
        return [file_name(link.attributes["href"]) for link in links]

    def texts(self, tag: str) -> list[str]:
        return [element.text.strip() for element in self.all(tag)]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.page = ReadPage()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), attrs
        self.page.elements.append(Element(tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        self.page.ends.append(tag)

    def handle_data(self, data: str) -> None:
        if self.page.elements:
            self.page.elements[-1].text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")


def read(page: Path | str) -> ReadPage:
    text = page.read_text(encoding="utf-8") if isinstance(page, Path) else page
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return reader.page


def file_name(url: str | None) -> str:
    """The name of the file beside the page that a relative URL leads to."""
    assert url is not None
    parts = urlsplit(url)
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("", "", "", ""), url
    return os.fsdecode(unquote_to_bytes(parts.path))
