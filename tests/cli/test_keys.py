"""An API key in the wrong place is never quoted back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninepic_async.cli.key import hide_keys
from ninepic_async.sandbox import Sandbox

from .running import Run

KEYS = [
    "9pic_live_5f2c7d9e8a1b4c3d",
    "9pic_sandbox_7c3fcff9d3e1eac3d1e104ad9588bb39",
    "sk1234567890abcdef",
    "AbCdEfGhIjKlMnOpQrStUvWx",
    "a1b2c3d4-e5f6a7b8c9d0",
]
PLACES = {
    "an unknown option": ["ping", "1", "--secret-thing=KEY"],
    "an option for keys": ["ping", "1", "--apikey=KEY"],
    "an option for keys, apart": ["ping", "1", "--api-key", "KEY"],
    "a token": ["ping", "1", "--token", "KEY"],
    "the organisation": ["ping", "1", "--org-id", "KEY"],
    "the organisation, joined": ["ping", "1", "--org-id=KEY"],
    "the event": ["photos", "KEY"],
    "the command": ["KEY"],
    "the command, joined": ["--apikey=KEY"],
    "a surplus argument": ["ping", "1", "KEY"],
    "the key's file": ["ping", "1", "--api-key-file", "KEY"],
    "the address": ["ping", "1", "--base-url", "KEY"],
    "the profile": ["ping", "1", "--profile", "KEY"],
    "the timeout": ["ping", "1", "--timeout", "KEY"],
    "a format": ["events", "--format", "KEY"],
    "a time": ["events", "--since", "KEY"],
    "a limit": ["photos", "1", "--limit=KEY"],
    "the selfie": ["face", "1", "KEY"],
    "a port": ["sandbox", "--port", "KEY"],
    "a topic of help": ["help", "KEY"],
    "the organisation of a profile": ["configure", "--org-id", "KEY"],
    "the name of a profile": ["configure", "--profile", "KEY", "--remove"],
    "the page": ["open", "KEY"],
}


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("place", PLACES)
def test_a_key_is_not_repeated(pipe: Run, sandbox: Sandbox, place: str, key: str) -> None:
    ran = pipe(*[word.replace("KEY", key) for word in PLACES[place]])
    assert ran.status in (1, 2)
    assert key not in ran.out + ran.err
    assert key[4:] not in ran.out + ran.err
    assert all(key not in request.path for request in sandbox.requests)


@pytest.mark.parametrize(
    "command", [["bib", "487"], ["photos"], ["originals", "487", "--image-id"], ["timeline"]]
)
def test_the_key_of_the_environment_is_not_sent_as_an_argument(
    pipe: Run, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.setenv("NINEPIC_API_KEY", "onlyletters")
    ran = pipe(*command, "onlyletters")
    assert (ran.status, ran.out, len(sandbox.requests)) == (2, "", 0)
    assert "onlyletters" not in ran.err
    assert "deactivate it" in ran.err


@pytest.mark.parametrize(
    ("argument", "text"),
    [
        ("mumbai-marathon-2026", "no event is called 'mumbai-marathon-2026'"),
        ("IMG_20260119.jpg", "there is no selfie file at IMG_20260119.jpg"),
        ("5d1f6a0e-3c0b-4f0e-9a53-9b1c70c6d0de", "unknown 5d1f6a0e-3c0b-4f0e-9a53-9b1c70c6d0de"),
        ("/home/me/photos2026", "/home/me/photos2026 is not a folder"),
        ("--base-url=http://127.0.0.1:9009", "http://127.0.0.1:9009 does not answer"),
        ("phots", "Unknown command phots"),
    ],
)
def test_what_is_no_key_is_repeated(argument: str, text: str) -> None:
    assert hide_keys(text, [argument]) == text


@given(st.lists(st.text(max_size=30)), st.text(max_size=100), st.booleans())
def test_any_arguments_are_taken(argv: list[str], text: str, is_usage: bool) -> None:
    assert isinstance(hide_keys(text, argv, is_usage=is_usage), str)


def test_a_signed_link_in_a_failed_original_is_masked(pipe: Run, sandbox: Sandbox, event_id: str) -> None:
    failed = {"image_id": "a", "error": "no https://x.example/a.jpg?X-Amz-Signature=s3cret", "path": None}
    data = {
        "presigned_urls": [],
        "failed_urls": [failed],
        "total_images": 1,
        "successful_count": 0,
        "failed_count": 1,
        "pagination": {
            "total": 1,
            "currentPage": 1,
            "totalPages": 1,
            "hasNextPage": False,
            "hasPreviousPage": False,
            "page_size": 60,
        },
    }
    sandbox.faults.add(
        endpoint="originals", status=200, body={"responseType": "success", "message": "", "data": data}
    )
    ran = pipe("originals", event_id, "--bib", "1")
    assert ran.status == 1
    assert "https://x.example/a.jpg?***" in ran.err
    assert "s3cret" not in ran.err
