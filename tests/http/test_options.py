"""`HTTPOptions`: what it takes, what it refuses, what it shows, and what of it reaches the wire."""

from __future__ import annotations

import base64
import copy
import pickle
import ssl
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import attrs
import pytest
from attrs.exceptions import FrozenInstanceError

from ninepic_async import ConfigError, HTTPOptions, ImageItem, NinePic, NinePicError, RetryPolicy
from ninepic_async.sync import HTTPOptions as BlockingHTTPOptions
from ninepic_async.sync import NinePic as BlockingNinePic
from tests.canned import EVENT_ID, KEY, ORG_ID
from tests.download.host import jpeg
from tests.end_to_end.walker import printed, reachable
from tests.raw_server import always, answer, server

ONCE = RetryPolicy(attempts=1)


def client(url: str, http: HTTPOptions, **options: Any) -> NinePic:
    return NinePic(KEY, ORG_ID, base_url=url, timeout=5, retry=ONCE, http=http, **options)


def test_the_defaults() -> None:
    options = HTTPOptions()
    assert (options.proxy, options.trust_env, options.ssl_context) == (None, True, None)
    assert (options.headers, options.user_agent) == ({}, None)
    assert (options.allow_private_addresses, options.allow_plain_http) == (False, False)
    assert BlockingHTTPOptions is HTTPOptions


def test_it_is_frozen_and_can_be_compared_copied_and_pickled() -> None:
    headers = {"X-Team": "photos"}
    options = HTTPOptions(headers=headers, user_agent="myapp/1.2")
    headers["X-Team"] = "others"
    assert options.headers == {"X-Team": "photos"}
    with pytest.raises(FrozenInstanceError):
        options.proxy = None  # type: ignore[misc]
    assert options == HTTPOptions(headers={"X-Team": "photos"}, user_agent="myapp/1.2")
    assert pickle.loads(pickle.dumps(options)) == copy.deepcopy(options) == options
    assert len({options, HTTPOptions()}) == 2


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"proxy": ""}, "proxy"),
        ({"proxy": 3128}, "proxy"),
        ({"proxy": "http://"}, "proxy"),
        ({"proxy": "http://proxy.example:port"}, "proxy"),
        ({"proxy": "http://proxy example"}, "proxy"),
        ({"proxy": "socks5://me:s3cret@proxy.example"}, "socks5"),
        ({"trust_env": "no"}, "trust_env"),
        ({"ssl_context": False}, "SSLContext"),
        ({"ssl_context": "ca.pem"}, "SSLContext"),
        ({"headers": [("a", "b")]}, "dict"),
        ({"headers": {"X Team": "a"}}, "X Team"),
        ({"headers": {"X-Team\r\n": "a"}}, "name"),
        ({"headers": {"X-Team": "s3cret\r\nX-Other: b"}}, "X-Team"),
        ({"headers": {"X-Team": 7}}, "X-Team"),
        ({"user_agent": ""}, "user_agent"),
        ({"user_agent": "my\nagent"}, "user_agent"),
        ({"user_agent": 7}, "user_agent"),
        ({"allow_private_addresses": 1}, "allow_private_addresses"),
        ({"allow_plain_http": "yes"}, "allow_plain_http"),
    ],
)
def test_what_can_not_work_is_refused_at_once(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says) as caught:
        HTTPOptions(**wrong)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "name",
    [
        "X-API-Key",
        "x-api-key",
        "Accept",
        "accept-encoding",
        "Content-Type",
        "Content-Length",
        "Host",
        "Range",
        "User-Agent",
        "Transfer-Encoding",
        "Connection",
        "Proxy-Authorization",
    ],
)
def test_headers_of_the_client_can_not_be_replaced(name: str) -> None:
    with pytest.raises(ConfigError, match=f"can't replace {name}"):
        HTTPOptions(headers={name: "x"})


def test_the_repr_shows_no_secret() -> None:
    options = HTTPOptions(
        proxy="http://me:s3cret@proxy.example:3128", headers={"Authorization": "Bearer s3cret"}
    )
    assert "s3cret" not in repr(options)
    assert "http://***@proxy.example:3128" in repr(options)
    assert "Authorization" in repr(options)
    assert "'http://proxy.example'" in repr(HTTPOptions(proxy="http://proxy.example"))
    assert "s3cret" not in repr(HTTPOptions(proxy="me:s3cret@proxy.example"))


PROXY = "http://me:s3cret@proxy.example:3128"


def test_the_proxy_of_options_reads_as_it_was_given_and_shows_no_password() -> None:
    options = HTTPOptions(proxy=PROXY)
    assert options.proxy == PROXY
    assert options.proxy is not None
    assert options.proxy.reveal() == PROXY
    assert "s3cret" not in f"{options.proxy} {options.proxy!r} {attrs.asdict(options)} {vars_of(options)}"
    copied = pickle.loads(pickle.dumps(options))
    assert copied == copy.deepcopy(options) == attrs.evolve(options) == options
    assert copied.proxy.reveal() == PROXY
    assert attrs.evolve(options, trust_env=False).proxy == PROXY
    assert HTTPOptions(proxy=options.proxy) == options
    assert len({options, copied, HTTPOptions()}) == 2


def vars_of(options: HTTPOptions) -> dict[str, object]:
    return {each.name: getattr(options, each.name) for each in attrs.fields(HTTPOptions)}


def with_a_wrong_header(monkeypatch: pytest.MonkeyPatch) -> None:
    HTTPOptions(proxy=PROXY, headers={"Host": "x"})


def with_a_wrong_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    HTTPOptions(proxy=PROXY.replace("http:", "socks5:"))


def with_a_wrong_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", PROXY.replace("http:", "socks5:"))
    NinePic(KEY, ORG_ID)


def with_a_wrong_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    NinePic(KEY, ORG_ID, http=HTTPOptions(proxy=PROXY), timeout=-1)


def with_plain_http(monkeypatch: pytest.MonkeyPatch) -> None:
    http = HTTPOptions(proxy=PROXY, allow_plain_http=True)
    BlockingNinePic(KEY, ORG_ID, base_url="http://a.example", http=http)


def with_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = PROXY.replace("proxy.example:3128", "127.0.0.1:9")
    http = HTTPOptions(proxy=proxy)
    with BlockingNinePic(KEY, ORG_ID, base_url="https://a.example", http=http, retry=ONCE) as api:
        api.event(EVENT_ID).ping()


@pytest.mark.parametrize(
    "fail",
    [
        with_a_wrong_header,
        with_a_wrong_kind,
        with_a_wrong_variable,
        with_a_wrong_timeout,
        with_plain_http,
        with_a_call,
    ],
)
def test_no_traceback_shows_the_password_of_a_proxy(
    fail: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NinePicError) as caught:
        fail(monkeypatch)
    error = caught.value
    while error.__traceback__ is not None and __file__ in error.__traceback__.tb_frame.f_code.co_filename:
        error = error.with_traceback(error.__traceback__.tb_next)
    assert error.__traceback__ is not None
    secrets = ("s3cret", base64.b64encode(b"me:s3cret").decode())
    shown = [*reachable(error), *printed(error)]
    assert not [text for text in shown if any(secret in text for secret in secrets)]


@pytest.mark.parametrize("kind", [NinePic, BlockingNinePic])
def test_other_things_are_no_options(kind: Any) -> None:
    with pytest.raises(ConfigError, match="HTTPOptions"):
        kind(KEY, ORG_ID, http={"proxy": "http://proxy.example"})


async def test_extra_headers_and_the_user_agent_reach_the_api_and_the_photo_host(tmp_path: Path) -> None:
    http = HTTPOptions(headers={"X-Team": "photos"}, user_agent="myapp/1.2")
    photo = answer(jpeg(2000), "200 OK", "Content-Type: image/jpeg")
    async with server(always(answer())) as (url, requests), client(url, http) as api:
        await api.event(EVENT_ID).ping()
        await api.with_options(timeout=3).event(EVENT_ID).ping()
        async with server(always(photo)) as (photo_url, photo_requests):
            item = ImageItem(image_id="a", img_url=f"{photo_url}/a.jpg", thumbnail_url=f"{photo_url}/a.jpg")
            assert (await api.event(EVENT_ID).download([item], tmp_path)).done == 1
    for request in (*requests, *photo_requests):
        assert b"X-Team: photos\r\n" in request
        assert b"User-Agent: myapp/1.2 ninepic-async/" in request
    assert b"X-API-Key" not in photo_requests[0]


async def test_a_borrowed_session_gets_the_extra_headers_too() -> None:
    http = HTTPOptions(headers={"X-Team": "photos"}, user_agent="myapp/1.2")
    async with server(always(answer())) as (url, requests), aiohttp.ClientSession() as mine:
        await client(url, http, session=mine).event(EVENT_ID).ping()
    assert b"X-Team: photos\r\n" in requests[0]
    assert b"User-Agent: myapp/1.2 ninepic-async/" in requests[0]


def test_plain_http_to_another_host_has_to_be_allowed() -> None:
    with pytest.raises(ConfigError, match="allow_plain_http=True"):
        client("http://sandbox.example:8080", HTTPOptions())
    client("http://sandbox.example:8080", HTTPOptions(allow_plain_http=True))


@pytest.mark.parametrize(
    "base_url", ["http://[::1]evil.com", "http://[::1]:80:80", "http://[::1", "http://::1", "https://a:b"]
)
def test_a_base_url_that_readers_of_urls_take_differently_is_refused(base_url: str) -> None:
    with pytest.raises(ConfigError, match="base_url"):
        client(base_url, HTTPOptions())


@pytest.mark.parametrize(
    ("variable", "value"),
    [("SSL_CERT_FILE", "/no/such/file"), ("SSL_CERT_FILE", __file__), ("SSL_CERT_DIR", "/no/such/folder")],
)
def test_certificates_that_can_not_be_loaded_are_named(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigError, match=variable):
        client("https://api.example", HTTPOptions())
    client("https://api.example", HTTPOptions(ssl_context=ssl.create_default_context()))


class Tenant(NinePic):
    """A subclass with an attribute of its own."""

    def __init__(self, name: str, **options: Any) -> None:
        super().__init__(KEY, ORG_ID, **options)
        self.name = name


async def test_a_subclass_keeps_its_attributes_in_with_options() -> None:
    async with Tenant("acme", base_url="http://127.0.0.1:9") as tenant:
        view = tenant.with_options(timeout=2)
        assert isinstance(view, Tenant)
        assert view.name == "acme"
        await view.aclose()
        view.name = "other"
        assert tenant.name == "acme"


def test_aiohttp_is_imported_when_a_client_is_made_not_before_and_not_later() -> None:
    code = """
import sys
from ninepic_async import HTTPOptions, NinePic
assert "aiohttp" not in sys.modules
NinePic("key", 1)
assert "aiohttp" in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)
