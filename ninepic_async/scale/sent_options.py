"""Separate a client's connection settings: those that tasks may contain, and the secret ones."""

from __future__ import annotations

from attrs import evolve

from ninepic_async._core.engine import Engine
from ninepic_async._http.options import HTTPOptions, ProxyURL
from ninepic_async.errors import ConfigError
from ninepic_async.scale.keys import Secrets


def options_for_tasks(engine: Engine) -> HTTPOptions:
    """Return the connection settings that tasks contain. None of them is secret.

    The workers read the proxy variables and ``SSL_CERT_FILE`` of their own environment, as this client does.

    Raises:
        ConfigError: the client has its own TLS context, which can't be sent.
    """
    options = engine.network.options
    if options.ssl_context is not None:
        raise ConfigError(
            "HTTPOptions(ssl_context=…) can't be sent to workers: leave it out. In the environment of this "
            "process and of the workers, set SSL_CERT_FILE to the path of the CA's certificate"
        )
    return evolve(
        options,
        proxy=None if _has_password(options.proxy) else options.proxy,
        headers={},
        allow_private_addresses=engine.network.allow_private_addresses,
        allow_plain_http=engine.base_url.startswith("http:"),
    )


def secrets_of(engine: Engine) -> Secrets:
    """Return the secrets that the workers need. No task may contain them."""
    options = engine.network.options
    proxy = options.proxy if _has_password(options.proxy) else None
    return Secrets(key=engine.secret, proxy=proxy, headers=dict(options.headers))


def options_of_worker(sent: HTTPOptions, secrets: Secrets) -> HTTPOptions:
    """Return a worker's connection settings: those of the task, with the secrets added."""
    return evolve(sent, proxy=secrets.proxy or sent.proxy, headers=secrets.headers)


def _has_password(proxy: ProxyURL | None) -> bool:
    return proxy is not None and "@" in proxy.reveal()
