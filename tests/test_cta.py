from __future__ import annotations

import base64
import random
import time
from urllib.parse import quote, urlencode, urlparse, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from ninepic_async import CtaVisit, InvalidInputError

GALLERY = "https://gallery.9pic.ai/e/mumbai-marathon-2026?page=2"
SEARCH = "7b8f6f0e-6a0c-4c39-9c39-0f7a0f3d2c11"


def encoded(url: str) -> str:
    return base64.b64encode(url.encode()).decode()


def visit(**query: str) -> CtaVisit:
    return CtaVisit.parse("https://run.example/photos?" + urlencode(query))


def test_all_parts() -> None:
    found = visit(ref=encoded(GALLERY), eventId="456", bibNumber="A/12", selfieRequestId=SEARCH)
    assert found == CtaVisit(event_id=456, bib_number="A/12", selfie_request_id=SEARCH, gallery_url=GALLERY)


def test_no_part() -> None:
    assert CtaVisit.parse("https://run.example/photos") == CtaVisit()


def test_from_a_url_object_and_from_a_bare_query() -> None:
    assert CtaVisit.parse(URL("https://run.example/?eventId=456")).event_id == 456
    assert CtaVisit.parse(urlsplit("https://run.example/?eventId=456")).event_id == 456
    assert CtaVisit.parse(urlparse("https://run.example/?eventId=456")).event_id == 456
    assert CtaVisit.parse("?eventId=456#top").event_id == 456


@pytest.mark.parametrize("event_id", ["", "0", "-1", "1.5", "x", "४५६", "9" * 19, " 456", "456\n"])
def test_an_event_id_that_is_none(event_id: str) -> None:
    found = visit(eventId=event_id, bibNumber="1234")
    assert (found.event_id, found.bib_number) == (None, "1234")


@pytest.mark.parametrize("bib", ["", "  ", "a\nb", "\x1b[31m", "x" * 101])
def test_a_bib_that_is_none(bib: str) -> None:
    assert visit(bibNumber=bib).bib_number is None


@pytest.mark.parametrize("bib", ["१२३", "VIP 7", "A/12", "é"])
def test_a_bib_that_is_one(bib: str) -> None:
    assert visit(bibNumber=bib).bib_number == bib


@pytest.mark.parametrize(
    "request_id",
    ["", "x", SEARCH + "0", f"{{{SEARCH}}}", SEARCH.replace("-", ""), f"urn:uuid:{SEARCH}", "../x"],
)
def test_a_request_id_that_is_none(request_id: str) -> None:
    found = visit(selfieRequestId=request_id, eventId="456")
    assert (found.selfie_request_id, found.event_id) == (None, 456)


@pytest.mark.parametrize(
    "url",
    [
        "http://gallery.9pic.ai/",
        "javascript:alert(1)",
        "https://",
        "https:///path",
        "https://user:word@gallery.9pic.ai/",
        "https://gallery.9pic.ai/a b",
        "https://gallery.9pic.ai/\r\nX: y",
        "https://[::1",
        "https://gallery.9pic.ai:99999/",
        "https://gallery.9pic.ai/" + "x" * 5000,
        "//gallery.9pic.ai/",
        "",
    ],
)
def test_a_gallery_url_that_is_none(url: str) -> None:
    assert visit(ref=encoded(url), bibNumber="7") == CtaVisit(bib_number="7")


@pytest.mark.parametrize(
    "ref", ["", "%%%", "not base64!", "aHR0", encoded(GALLERY)[:-5] + "\x00", "A" * 100_000]
)
def test_a_ref_that_is_not_base64_of_a_url(ref: str) -> None:
    assert visit(ref=ref).gallery_url is None


def test_the_dialects_of_base64() -> None:
    url = "https://gallery.9pic.ai/e/?q=~~~???>>>"
    standard = encoded(url)
    urlsafe = base64.urlsafe_b64encode(url.encode()).decode()
    assert {"+", "/"} & set(standard)
    for ref in (quote(standard, safe=""), quote(standard.rstrip("="), safe=""), urlsafe, standard):
        assert CtaVisit.parse(f"https://run.example/?ref={ref}").gallery_url == url


def test_a_repeated_part_is_none_and_the_others_stay() -> None:
    found = CtaVisit.parse("?eventId=1&bibNumber=7&eventId=1")
    assert found == CtaVisit(bib_number="7")


@pytest.mark.parametrize(
    "also",
    [
        "&x=" + "a" * 10_000_000,
        "&ref=" + "A" * 10_000_000,
        "&ref=" + "%" * 10_000_000,
        "&selfieRequestId=" + "{" * 10_000_000,
        "&a=1" * 2_000_000,
        "&ref=x" * 2_000_000,
        "&" * 10_000_000,
        "#" + "?" * 10_000_000,
    ],
    ids=lambda also: also[:6],
)
def test_a_huge_url_is_read_in_linear_time_and_the_other_parts_stay(also: str) -> None:
    started = time.process_time()
    assert CtaVisit.parse(f"https://run.example/?eventId=456&bibNumber=7{also}") == CtaVisit(
        event_id=456, bib_number="7"
    )
    assert time.process_time() - started < 5


def test_a_huge_part_is_none_and_the_others_stay() -> None:
    huge = "9" * 1_000_000
    for name in ("eventId", "bibNumber", "selfieRequestId", "ref"):
        others = {"eventId": "456", "bibNumber": "7", "selfieRequestId": SEARCH, "ref": encoded(GALLERY)}
        found = visit(**(others | {name: huge}))
        del others[name]
        assert found == visit(**others)
    assert CtaVisit.parse(f"?{huge}=1&eventId=456").event_id == 456


ODD = st.text() | st.text(alphabet="%0123456789abcdefABCDEF&=?#+;/:@[]\\ \x00\ud800\udfff\u202eé१")
PARTS = st.dictionaries(st.sampled_from(["eventId", "bibNumber", "selfieRequestId", "ref", "x"]), ODD)


@given(ODD)
def test_nothing_in_a_url_raises(text: str) -> None:
    for found in (CtaVisit.parse(text), CtaVisit.parse("?ref=" + text + "&selfieRequestId=" + text)):
        repr(found)
        found.to_json()


@given(PARTS, st.randoms())
def test_no_combination_of_parts_raises(parts: dict[str, str], dice: random.Random) -> None:
    pairs = [f"{name}={value}" for name, value in parts.items()]
    dice.shuffle(pairs)
    found = CtaVisit.parse("https://run.example/?" + "&".join(pairs))
    assert found.gallery_url is None or found.gallery_url.lower().startswith("https://")


@given(st.binary(max_size=200))
def test_no_gallery_url_raises(raw: bytes) -> None:
    for url in (raw, b"https://" + raw):
        ref = quote(base64.b64encode(url).decode(), safe="")
        found = CtaVisit.parse(f"?eventId=456&ref={ref}")
        assert found.event_id == 456
        assert found.gallery_url in (None, url.decode("latin-1"))


@pytest.mark.parametrize("url", [None, 7, b"?eventId=456"])
def test_a_value_that_is_no_url_is_refused(url: object) -> None:
    with pytest.raises(InvalidInputError, match="give the requested URL as text"):
        CtaVisit.parse(url)


def test_it_has_a_json_form() -> None:
    assert visit(eventId="456").to_dict() == {
        "event_id": 456,
        "bib_number": None,
        "selfie_request_id": None,
        "gallery_url": None,
    }
