"""Which proxy the environment gives for a URL: the rules of httpx, and networks in NO_PROXY."""

from __future__ import annotations

import pytest

from ninepic_async import ConfigError
from ninepic_async._http.options import ProxyURL
from ninepic_async._http.proxies import Proxies, Proxy

PROXY = "http://proxy.example:3128"


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http", "https", "all", "no"):
        monkeypatch.delenv(f"{name}_proxy", raising=False)
        monkeypatch.delenv(f"{name}_proxy".upper(), raising=False)


@pytest.mark.parametrize(
    ("variables", "url", "found"),
    [
        ({}, "https://a.example", None),
        ({"HTTPS_PROXY": PROXY}, "https://a.example", PROXY),
        ({"https_proxy": PROXY}, "https://a.example", PROXY),
        ({"HTTPS_PROXY": "http://upper.example", "https_proxy": PROXY}, "https://a.example", PROXY),
        ({"HTTPS_PROXY": PROXY}, "http://a.example", None),
        ({"HTTP_PROXY": PROXY}, "http://a.example", PROXY),
        ({"HTTP_PROXY": PROXY}, "https://a.example", None),
        ({"ALL_PROXY": PROXY}, "https://a.example", PROXY),
        ({"ALL_PROXY": PROXY}, "http://a.example", PROXY),
        ({"ALL_PROXY": "http://all.example", "HTTPS_PROXY": PROXY}, "https://a.example", PROXY),
        ({"ALL_PROXY": "socks5://all.example", "HTTPS_PROXY": PROXY}, "https://a.example", PROXY),
        ({"HTTPS_PROXY": "proxy.example:3128"}, "https://a.example", PROXY),
        ({"HTTPS_PROXY": "https://proxy.example"}, "https://a.example", "https://proxy.example"),
        ({"HTTPS_PROXY": ""}, "https://a.example", None),
        ({"HTTPS_PROXY": PROXY}, "https://localhost:8000", None),
        ({"HTTPS_PROXY": PROXY}, "https://127.0.0.1", None),
        ({"HTTPS_PROXY": PROXY}, "https://[::1]:8000", None),
    ],
)
def test_the_variables(
    variables: dict[str, str], url: str, found: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert Proxies.read(None, True).find(url) == (None if found is None else Proxy(found, None))


@pytest.mark.parametrize(
    ("no_proxy", "url", "direct"),
    [
        ("*", "https://a.example", True),
        ("b.example,*", "https://a.example", True),
        ("a.example", "https://a.example", True),
        ("a.example", "https://www.a.example", True),
        ("a.example", "https://wwwa.example", False),
        ("A.Example", "https://a.EXAMPLE", True),
        (".a.example", "https://www.a.example", True),
        (".a.example", "https://a.example", False),
        ("*.a.example", "https://www.a.example", True),
        (" b.example , a.example ", "https://a.example", True),
        ("b.example", "https://a.example", False),
        ("a.example:8443", "https://a.example:8443", True),
        ("a.example:8443", "https://a.example", False),
        ("a.example:443", "https://a.example", True),
        ("https://a.example", "https://a.example", True),
        ("http://a.example", "https://a.example", False),
        ("all://a.example", "https://www.a.example", False),
        ("all://*.a.example", "https://www.a.example", True),
        ("10.1.2.3", "https://10.1.2.3", True),
        ("10.1.2.3", "https://110.1.2.3", False),
        ("10.1.2.3:443", "https://10.1.2.3", True),
        ("10.0.0.0/8", "https://10.1.2.3", True),
        ("10.0.0.0/8", "https://11.1.2.3", False),
        ("10.0.0.0/8", "https://a.example", False),
        ("fd00::1", "https://[fd00::1]:8443", True),
        ("[fd00::1]:8443", "https://[fd00::1]:8443", True),
        ("fd00::/16", "https://[fd00::1]", True),
        ("", "https://a.example", False),
        (",,", "https://a.example", False),
    ],
)
def test_no_proxy(no_proxy: str, url: str, direct: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", PROXY)
    monkeypatch.setenv("NO_PROXY", no_proxy)
    assert (Proxies.read(None, True).find(url) is None) is direct


def test_a_given_proxy_stands_in_place_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://other.example")
    monkeypatch.setenv("NO_PROXY", "*")
    assert Proxies.read(ProxyURL(PROXY), True).find("https://a.example") == Proxy(PROXY, None)


def test_a_proxy_of_another_kind_is_an_error_that_shows_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://me:s3cret@proxy.example:1080")
    with pytest.raises(ConfigError, match="socks5") as caught:
        Proxies.read(None, True).find("https://a.example")
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "authorization"),
    [
        ("http://me:s3cret@proxy.example", "Basic bWU6czNjcmV0"),
        ("http://me@proxy.example", "Basic bWU6"),
        ("http://m%40e:p%3Aw@proxy.example", "Basic bUBlOnA6dw=="),
        ("http://me:%ff%C3%A9@proxy.example", "Basic bWU6/8Op"),
        ("http://proxy.example", None),
    ],
)
def test_user_and_password_are_kept_apart_from_the_url(url: str, authorization: str | None) -> None:
    proxy = Proxy.of(ProxyURL(url))
    assert proxy.url == "http://proxy.example"
    assert (proxy.authorization and proxy.authorization.reveal()) == authorization
    assert "Basic" not in repr(proxy)
