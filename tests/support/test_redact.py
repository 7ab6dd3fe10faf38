from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninepic_async._support.redact import excerpt, loggable, mask_queries, masked, shown_text, shown_url

SIGNED = [
    "see https://x.example/a?sig=s3cret&b=2 now",
    "//host/p?s3cret",
    "/imgs/a.jpg?x=s3cret",
    "imgs/a.jpg?s3cret",
    "https://user:s3cret@host/a",
    "https://user:p@s3cret@host/a",
    "user:s3cret@proxy:8080",
    r"https:\/\/host\/a?sig=s3cret",
    r"https:\/\/host\/a\u003fsig=s3cret",
    r"https:\/\/user:s3cret@host\/a",
    "https%3A%2F%2Fhost%2Fa%3Fsig%3Ds3cret",
    "https%3A%2F%2Fuser:s3cret@host",
    "<a href='https://x.example/a&#63;sig=s3cret'>",
    "a.jpg&X-Amz-Signature=s3cret",
    "a.jpg;X-Goog-Credential=s3cret",
    "Signature=s3cret",
    "token%3Ds3cret",
    "api_key=s3cret",
    '{"access_token": "s3cret"}',
    "{'password':'s3cret'}",
    "X-API-Key: s3cret",
    "'x-api-key': 's3cret'",
    "Set-Cookie: sid=s3cret; Path=/",
    "Cookie: a=1; b=s3cret",
    "Authorization: Bearer s3cret",
    "Proxy-Authorization: Basic s3cret",
]


@pytest.mark.parametrize("text", SIGNED)
def test_what_is_secret_in_urls_and_headers_is_masked(text: str) -> None:
    shown = mask_queries(text)
    assert "s3cret" not in shown
    assert "***" in shown
    assert mask_queries(shown) == shown
    for show in (masked, loggable, shown_text):
        assert "s3cret" not in show(text)
    assert "s3cret" not in excerpt(text.encode())


@pytest.mark.parametrize(
    "text",
    [
        "BIB number 1234 not found for this event",
        "really? yes and/or? maybe",
        "me@example.com",
        "https://photos.9pic.ai/imgs/456/large/a.jpg",
        "design=round",
        "12:30 at the finish",
        "body.file: Field required",
    ],
)
def test_other_text_stays_as_it_is(text: str) -> None:
    assert mask_queries(text) == loggable(text) == text


def test_the_path_of_a_masked_link_stays_readable() -> None:
    assert mask_queries("GET https://h/a/b.jpg?sig=1 failed") == "GET https://h/a/b.jpg?*** failed"
    assert shown_url("https://u:p@h/a?b=c") == "'https://***@h/a?***'"
    assert (shown_url(None), shown_url("imgs/1.jpg"), shown_text(None)) == ("None", "'imgs/1.jpg'", "None")


@pytest.mark.parametrize(
    "part",
    [
        *("http://", "//", "?", "@", "a:", "token", "x-amz-", "x-amz-a", "sig='", " ", "cookie", "x-api-key"),
        *("%2f", "set-", 'token"', "a@", "//a", "secret ", "\\u003f", "&#", "&#63;", "\u0301", "?=", "/?"),
    ],
)
def test_masking_takes_time_in_proportion_to_the_text(part: str) -> None:
    text = part * (1_000_000 // len(part))
    started = time.process_time()
    mask_queries(text)
    # Quadratic work on a million characters takes minutes.
    assert time.process_time() - started < 5
    assert len(loggable(text)) <= 2001
    assert len(excerpt(text.encode())) <= 201


@given(st.text(max_size=300), st.integers(0, 100))
def test_text_for_logs_is_one_short_printable_line(text: str, longest: int) -> None:
    shown = loggable(text, longest)
    assert shown.replace("\u200c", "").replace("\u200d", "").isprintable()
    assert len(shown) <= longest + 1


def test_a_cut_never_shows_half_a_password() -> None:
    for length in range(30):
        for separator in (" ", "'", ""):
            text = "x" * length + separator + "https://user:s3cret" + "s" * 300 + "@host/a"
            for longest in range(1, 80):
                assert "s3c" not in masked(text, longest)
