"""What tasks hold of a client's connection settings, and what workers get in another way."""

from __future__ import annotations

import pickle
import ssl

import pytest

from ninepic_async import ConfigError, HTTPOptions, NinePic
from ninepic_async.scale import keys
from ninepic_async.scale.entry import template
from ninepic_async.scale.fleet import Fleet
from ninepic_async.scale.place import Place
from ninepic_async.scale.sent_options import options_for_tasks, options_of_worker, secrets_of

PROXY = "http://user:the-password@proxy.example:3128"


def client(http: HTTPOptions) -> NinePic:
    return NinePic("the-api-key", 903, base_url="https://api.9pic.ai", http=http)


async def test_secrets_are_in_no_task_and_reach_the_worker() -> None:
    options = HTTPOptions(
        proxy=PROXY, headers={"X-Gateway": "the-token"}, user_agent="myapp/1.2", trust_env=False
    )
    async with client(options) as made:
        task = template(made.event(456), Place.open("memory://"))
        sent = pickle.dumps(task)
        for secret in (b"the-password", b"the-token", b"the-api-key"):
            assert secret not in sent
        assert task.has_secrets
        worker = pickle.loads(sent)
        assert options_of_worker(worker.http, secrets_of(made._engine)) == options


async def test_a_proxy_without_a_password_is_sent() -> None:
    async with client(HTTPOptions(proxy="http://proxy.example:3128", allow_private_addresses=True)) as made:
        task = template(made.event(456), Place.open("memory://"))
        assert not task.has_secrets
        assert task.http == HTTPOptions(proxy="http://proxy.example:3128", allow_private_addresses=True)


async def test_a_tls_context_is_refused_with_what_to_do() -> None:
    async with client(HTTPOptions(ssl_context=ssl.create_default_context())) as made:
        with pytest.raises(ConfigError, match="SSL_CERT_FILE"):
            options_for_tasks(made._engine)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (HTTPOptions(proxy=PROXY), "HTTPS_PROXY"),
        (HTTPOptions(headers={"X-Gateway": "the-token"}), "headers"),
        (HTTPOptions(), "NINEPIC_API_KEY"),
    ],
)
async def test_secrets_don_t_go_to_other_machines(options: HTTPOptions, said: str) -> None:
    async with client(options) as made:
        fleet = Fleet(None, secrets_of(made._engine), "run")
        with pytest.raises(ConfigError, match=said) as caught:
            fleet._check_remote("tcp://10.0.0.7:4000", False)
        assert "the-password" not in str(caught.value)
        assert "the-token" not in str(caught.value)


def test_a_worker_that_lacks_a_run_s_secrets_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(keys.VARIABLE, "from-the-environment")
    monkeypatch.setattr(keys, "_given", {})
    assert keys.require("run").key.reveal() == "from-the-environment"
    with pytest.raises(keys.MissingKeyError, match="proxy or headers"):
        keys.require("run", more=True)
    keys.give("run", "given", PROXY, {})
    found = keys.require("run", more=True)
    assert found.proxy is not None
    assert (found.key.reveal(), found.proxy.reveal()) == ("given", PROXY)
    assert "the-password" not in repr(found)
    for number in range(30):
        keys.give(f"other-{number}", "given", None, {})
    assert not keys.is_given("run")
    assert len(keys._given) < 30
