from __future__ import annotations

import copy
import pickle
import urllib.request
from collections.abc import Callable
from traceback import TracebackException
from typing import Any

import pytest

from ninepic_async import ConfigError, NinePic, RateLimit, RetryPolicy, sync
from tests.canned import KEY

VARIABLES = ("NINEPIC_API_KEY", "NINEPIC_ORG_ID", "NINEPIC_BASE_URL")


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def test_missing_settings_are_named() -> None:
    with pytest.raises(ConfigError, match=r"api_key .*NINEPIC_API_KEY.* and org_id .*NINEPIC_ORG_ID"):
        NinePic()
    with pytest.raises(ConfigError, match="NINEPIC_ORG_ID") as caught:
        NinePic(KEY)
    assert "NINEPIC_API_KEY" not in str(caught.value)
    with pytest.raises(ConfigError, match="NINEPIC_API_KEY"):
        NinePic(org_id=903)
    with pytest.raises(ConfigError, match="NINEPIC_API_KEY"):
        NinePic("", 903)


def test_the_environment_fills_in(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in zip(VARIABLES, (KEY, "903", "https://staging.9pic.ai/"), strict=True):
        monkeypatch.setenv(name, value)
    assert repr(NinePic()) == "NinePic(org_id=903, base_url='https://staging.9pic.ai')"
    assert repr(NinePic(KEY, 7, base_url="https://b.example")) == (
        "NinePic(org_id=7, base_url='https://b.example')"
    )


def test_the_default_is_9pics_own() -> None:
    assert "https://api.9pic.ai" in repr(NinePic(KEY, "903"))


@pytest.mark.parametrize("org", [0, -1, True, 1.5, "x", "-3", " ", "1e3", "9" * 30])
def test_an_org_id_that_is_no_number_is_refused(org: int | str) -> None:
    with pytest.raises(ConfigError, match="org_id"):
        NinePic(KEY, org)


@pytest.mark.parametrize("key", ["a b", "k\n", "k\r\nX-Evil: 1", "clé", "\x00"])
def test_a_key_that_no_header_can_carry_is_refused_and_not_shown(key: str) -> None:
    with pytest.raises(ConfigError, match="api_key") as caught:
        NinePic(key, 903)
    assert key not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:9009",
        "http://127.0.0.1:1",
        "http://127.9.9.9",
        "http://[::1]:80/x",
        "https://9pic.example",
    ],
)
def test_https_anywhere_and_http_to_this_machine(url: str) -> None:
    assert url in repr(NinePic(KEY, 903, base_url=url))


@pytest.mark.parametrize(
    "url",
    [
        "http://api.9pic.ai",
        "http://localhost.example",
        "http://127.0.0.1.example",
        "http://10.0.0.1",
        "http://0.0.0.0",
        "ftp://localhost",
        "api.9pic.ai",
        "//api.9pic.ai",
        "https://",
        "https://user:pass@api.9pic.ai",
        "https://api.9pic.ai?x=1",
        "https://api.9pic.ai/#x",
        "https://api.9pic.ai:99999",
        "https://api.9pic.ai:0",
        "https://api.9pic.ai:port",
        "https://[::1",
        "https://api.9pic.ai/\nx",
        "https://api.9pic.ai?",
        "https://api.9pic.ai/#",
        "https://api.9pic.ai/a b",
        "https://api.9pic.ai\\x",
        "https://api.9pic.ai%2f.evil.example",
        "https://127.0.0.1\\@evil.example",
        "https://bücher.example",
        "https://api.9pic.ai/ü",
        "   ",
        7,
        b"https://api.9pic.ai",
    ],
)
def test_no_other_base_url_is_taken(url: Any) -> None:
    with pytest.raises(ConfigError, match="base_url"):
        NinePic(KEY, 903, base_url=url)


def test_spaces_around_a_base_url_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLES[2], " https://staging.9pic.ai/v2/ \r\n")
    assert repr(NinePic(KEY, 903)) == "NinePic(org_id=903, base_url='https://staging.9pic.ai/v2')"


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf"), True, "5", None])
def test_a_timeout_is_a_positive_number(timeout: float) -> None:
    with pytest.raises(ConfigError, match="timeout"):
        NinePic(KEY, 903, timeout=timeout)
    if timeout is not None:
        with pytest.raises(ConfigError, match="timeout"):
            NinePic(KEY, 903).with_options(timeout=timeout)


@pytest.mark.parametrize("concurrency", [0, -1, 1.5, True, None])
def test_max_concurrency_is_a_whole_number(concurrency: int) -> None:
    with pytest.raises(ConfigError, match="max_concurrency"):
        NinePic(KEY, 903, max_concurrency=concurrency)


@pytest.mark.parametrize(
    "values",
    [
        {"attempts": 0},
        {"attempts": True},
        {"attempts": 1.5},
        {"initial_s": -1},
        {"initial_s": 9},
        {"max_s": float("inf")},
        {"max_s": float("nan")},
        {"initial_s": "1"},
        {"initial_s": False},
        {"max_s": None},
    ],
)
def test_a_retry_policy_checks_itself(values: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="RetryPolicy"):
        RetryPolicy(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rate", "per_s"),
    [(0, 1), (-1, 1), (1, 0), (float("inf"), 1), (1, float("nan")), ("10", 1), (10, None), (True, 1)],
)
def test_a_rate_limit_checks_itself(rate: Any, per_s: Any) -> None:
    with pytest.raises(ConfigError, match="RateLimit"):
        RateLimit(rate, per_s)


def test_settings_are_frozen_and_compare() -> None:
    assert RetryPolicy() == RetryPolicy(attempts=5)
    assert hash(RateLimit(10)) == hash(RateLimit(10, per_s=1.0))


def test_neither_repr_nor_state_shows_the_key() -> None:
    client = NinePic(KEY, 903)
    event = client.event(456)
    for thing in (
        client,
        event,
        client.with_options(timeout=1),
        event.photos(),
        client._engine,
        vars(client),
    ):
        assert KEY not in repr(thing)
    assert KEY not in repr(vars(client._engine.transport))


@pytest.mark.parametrize(
    "option",
    [{"retry": 3}, {"retry": None}, {"rate_limit": 10}, {"session": "mine"}, {"session": urllib.request}],
    ids=repr,
)
def test_an_option_of_another_kind_is_named(option: dict[str, Any]) -> None:
    (name,) = option
    with pytest.raises(ConfigError, match=name):
        NinePic(KEY, 903, **option)


def test_a_view_takes_no_bare_number_either() -> None:
    with pytest.raises(ConfigError, match="RetryPolicy"):
        NinePic(KEY, 903).with_options(retry=3)  # type: ignore[arg-type]


REFUSED: list[dict[str, Any]] = [
    {"org_id": None},
    {"org_id": 0},
    {"org_id": 903, "base_url": "http://api.9pic.ai"},
    {"org_id": 903, "timeout": -1},
    {"org_id": 903, "retry": 3},
]


@pytest.mark.parametrize("face", [NinePic, sync.NinePic])
@pytest.mark.parametrize("settings", REFUSED, ids=repr)
@pytest.mark.parametrize("source", ["argument", "environment"])
def test_a_traceback_that_shows_locals_shows_no_key(
    face: Any, settings: dict[str, Any], source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if source == "environment":
        monkeypatch.setenv(VARIABLES[0], KEY)
    with pytest.raises(ConfigError) as caught:
        face(KEY if source == "argument" else None, **settings)
    shown = "".join(TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert "api_key = " in shown
    assert KEY not in shown


@pytest.mark.parametrize("host", ["api..9pic.ai", "a" * 64 + ".ai"])
def test_a_host_that_no_name_can_be_is_refused(host: str) -> None:
    with pytest.raises(ConfigError, match="base_url"):
        NinePic("key", 903, base_url=f"https://{host}")


@pytest.mark.parametrize("face", [NinePic, sync.NinePic])
@pytest.mark.parametrize("part", ["client", "event", "pager", "job"])
@pytest.mark.parametrize("copied", [pickle.dumps, copy.deepcopy])
def test_the_key_goes_into_no_pickle(face: Any, part: str, copied: Callable[[object], object]) -> None:
    client = face(KEY, 903)
    event = client.event(456)
    parts = {"client": client, "event": event, "pager": event.photos(), "job": event.clip_job("r")}
    with pytest.raises(ConfigError, match="make a new NinePic"):
        copied(parts[part])
