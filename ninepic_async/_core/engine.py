"""Run a call: wait for the throttle, send, decode; on failure amend, retry, or raise."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from attrs import define, field, frozen

from ninepic_async._contract.endpoint import Endpoint, how_to_switch_on
from ninepic_async._contract.messages import Reply, Scope, SendError, Transport
from ninepic_async._core.causes import without_frames
from ninepic_async._core.failures import NOT_RESENT, error_of, failure_of
from ninepic_async._core.hooks import CallReporter, Hook, route
from ninepic_async._core.retry import Failure, RetryPolicy, wait_before_retry
from ninepic_async._core.throttle import Throttle
from ninepic_async._http.network import Network
from ninepic_async._support.clock import Clock, SystemClock
from ninepic_async._support.daemon_thread import run_in_daemon_thread
from ninepic_async._support.redact import loggable
from ninepic_async._support.secret import Secret
from ninepic_async.errors import (
    APIConnectionError,
    APITimeoutError,
    CallError,
    ConfigError,
    FeatureDisabledError,
    NinePicError,
    PermissionDeniedError,
    RateLimitError,
)
from ninepic_async.models import EventDetails

T = TypeVar("T")
Prepare = Callable[[Endpoint[T]], Awaitable[Endpoint[T]]]

log: Final = logging.getLogger("ninepic_async")

_LONGEST_ON_LOOP_BYTES: Final = 128 * 1024
"""Larger replies are decoded in a thread, so that they do not block the event loop for long."""


@define
class _Call:
    """The progress of one call."""

    endpoint: Endpoint[Any]
    deadline: float
    mask: Callable[[str], str] = field(repr=False)
    attempts: int = 0
    excused: int = 0
    """Throttled attempts that were sent together with others. They do not count as attempts."""
    throttled: int = 0
    sent_at: float = 0.0
    last_failure: CallError | None = None
    prepared: bool = False
    reporter: CallReporter | None = None

    def add_context(self, error: CallError) -> CallError:
        """Add the call's name, attempts and request_id to an error, and mask the key in it."""
        error.endpoint = self.endpoint.name
        error.attempts = self.attempts
        error.request_id = self.endpoint.id_on_error(getattr(error, "status", None))
        error.apply_mask(self.mask)
        return error


@frozen(kw_only=True)
class Engine:
    """Runs endpoints over a transport. ``timeout_s`` limits a whole call: preparation, attempts and waits."""

    transport: Transport
    throttle: Throttle
    scope: Scope
    secret: Secret = field(factory=lambda: Secret(""))
    retry: RetryPolicy = field(factory=RetryPolicy)
    timeout_s: float = 60.0
    clock: Clock = field(factory=SystemClock)
    chance: Callable[[], float] = random.random
    network: Network = field(factory=Network)
    """The connection settings for photo hosts. The transport has its own copy for the API."""
    hooks: tuple[Hook, ...] = ()
    base_url: str = ""
    """The base URL for the records that hooks get."""

    async def run(
        self, endpoint: Endpoint[T], *, timeout_s: float | None = None, prepare: Prepare[T] | None = None
    ) -> T:
        """Run one call.

        Args:
            endpoint: the call.
            timeout_s: the limit in seconds, if not the engine's own.
            prepare: called first, within the same limit, to complete the endpoint, for example with a selfie.

        Raises:
            NinePicError: one of its subclasses, with the call's name and attempts.
        """
        seconds = self.timeout_s if timeout_s is None else timeout_s
        call = _Call(endpoint, self.clock.monotonic() + seconds, self.secret.mask)
        if self.hooks:
            call.reporter = self._reporter(endpoint)
        try:
            if call.reporter is not None:
                call.reporter.begin()
            result: T = await self._run_with_deadline(seconds, call, prepare)
        except (NinePicError, asyncio.CancelledError) as raised:
            error = without_frames(raised, self.secret.mask)
        except BaseException as raised:  # such as Ctrl-C
            if call.reporter is not None:
                call.reporter.ended(raised)
            raise
        else:
            if call.reporter is not None:
                call.reporter.ended(None)
            return result
        # Raise outside of the except block: so the error has no context, and its frames begin here.
        try:
            if call.reporter is not None:
                call.reporter.ended(error)
            if isinstance(error, asyncio.CancelledError):
                self._report_cancelled(error, call)
            raise error
        finally:
            # The error refers to this frame through its traceback.
            del error, call

    def _reporter(self, endpoint: Endpoint[Any]) -> CallReporter:
        method, path = route(endpoint, self.scope)
        where = method, self.base_url + path, endpoint.event_id
        return CallReporter(self.hooks, self.clock.monotonic, endpoint.name, where)

    async def _run_with_deadline(self, seconds: float, call: _Call, prepare: Prepare[Any] | None) -> Any:
        try:
            async with asyncio.timeout(seconds):
                if prepare is not None:
                    call.endpoint = await prepare(call.endpoint)
                call.prepared = True
                return await self._run(call)
        except TimeoutError:
            pass
        raise self._timed_out(seconds, call)

    def _timed_out(self, seconds: float, call: _Call) -> CallError:
        failure = call.last_failure
        if isinstance(failure, PermissionDeniedError):
            return failure
        message = f"no answer within {seconds:g} s"
        if not call.prepared:
            message = f"not sent within {seconds:g} s: reading the selfie took too long"
        elif not call.attempts:
            message = f"not sent within {seconds:g} s: max_concurrency or rate_limit held it back"
        if failure is not None:
            message += f"; the last failure was: {failure.headline()}"
        error = call.add_context(APITimeoutError(message))
        error.__cause__ = failure
        return error

    def _report_cancelled(self, error: asyncio.CancelledError, call: _Call) -> None:
        endpoint = call.endpoint
        # The blocking client turns the cancellation into an error with these attributes.
        vars(error)["call"] = {
            "endpoint": endpoint.name,
            "attempts": call.attempts,
            "request_id": endpoint.id_on_error(None),
        }
        if endpoint.is_upload and call.attempts:
            log.info("%s: cancelled after it was sent [request_id %s]", endpoint.name, endpoint.request_id)

    async def _run(self, call: _Call) -> Any:
        try:
            return await self._send_until_answered(call)
        except PermissionDeniedError as raised:
            call.last_failure = denied = raised
        except ConfigError as raised:
            if not call.attempts:
                raise
            message = f"{raised}; the call was under way"
            raise call.add_context(APIConnectionError(message)) from call.last_failure
        disabled = await self._disabled_feature(call, denied)
        raise denied if disabled is None else disabled

    async def _send_until_answered(self, call: _Call) -> Any:
        while True:
            outcome = await self._attempt(call.endpoint, call)
            if isinstance(outcome, Reply):
                if outcome.ok:
                    return await self._decoded(outcome, call)
                amended = call.endpoint.amend(outcome)
                if amended is not None:
                    log.warning("%s: %d, so a changed request is sent", amended.name, outcome.status)
                    call.endpoint = amended
                    continue
            await self._before_retry(outcome, call)

    async def _attempt(self, endpoint: Endpoint[Any], call: _Call) -> Reply | SendError:
        try:
            async with self.throttle.slot(call.deadline):
                return await self._sent(endpoint, call)
        except RateLimitError as error:
            raise call.add_context(error)  # noqa: B904 (it is the same error)

    async def _sent(self, endpoint: Endpoint[Any], call: _Call) -> Reply | SendError:
        started = call.sent_at = self.clock.monotonic()
        outcome: object = "cancelled"
        call.attempts += 1
        # A request for the feature flags is not an attempt of this call.
        reporter = call.reporter if endpoint is call.endpoint else None
        if reporter is not None:
            reporter.sent()
        try:
            reply = await self.transport.send(endpoint.request(self.scope))
            outcome = reply.status
            if reply.status != 429:
                self.throttle.accepted(started)
            return reply
        except SendError as error:
            error.__traceback__ = None  # the traceback keeps the request with its selfie alive
            outcome = loggable(self.secret.mask(str(error)))
            return error
        except NinePicError as error:
            call.attempts -= 1
            outcome = type(error).__name__
            if reporter is not None:
                reporter.withdraw()
            raise
        finally:
            elapsed_s = self.clock.monotonic() - started
            if reporter is not None:
                reporter.replied(outcome if isinstance(outcome, int) else None, elapsed_s)
            log.debug(
                "%s: %s in %.1f ms (attempt %d)", endpoint.name, outcome, elapsed_s * 1000, call.attempts
            )

    async def _decoded(self, reply: Reply, call: _Call) -> Any:
        endpoint = call.endpoint
        try:
            result = await self._decode(endpoint, reply)
        except CallError as error:
            raise call.add_context(error)  # noqa: B904 (it is the same error)
        endpoint.learn(self.scope)
        self._warn_of_oddities(endpoint.name, reply.oddities)
        return result

    async def _decode(self, endpoint: Endpoint[T], reply: Reply) -> T:
        def decode() -> T:
            return endpoint.decode(reply.with_masked_body(self.secret))

        if len(reply.body) > _LONGEST_ON_LOOP_BYTES:
            # If no thread can be started, decode here, and block the loop for a moment.
            with contextlib.suppress(OSError):
                return await run_in_daemon_thread(decode, name="ninepic-decode")
        return decode()

    def _warn_of_oddities(self, name: str, oddities: set[str]) -> None:
        for oddity in sorted(oddities - self.scope.oddities):
            self.scope.oddities.add(oddity)
            log.warning("%s: the value of %s can't be used, so it is None", name, oddity)

    async def _before_retry(self, outcome: Reply | SendError, call: _Call) -> None:
        """Wait until the next attempt, or raise the error of this one."""
        failure, chance = failure_of(outcome), self.chance()
        error = error_of(outcome if isinstance(outcome, SendError) else outcome.masked_and_cut(self.secret))
        wait = self._wait(call, failure, chance, replayable=call.endpoint.replayable)
        if wait is None and self._wait(call, failure, chance, replayable=True) is not None:
            error.message += NOT_RESENT
        call.add_context(error)
        if failure.status == 429:
            wait = self._slow_down(call, failure.retry_after_s, wait)
        if wait is None or self.clock.monotonic() + wait >= call.deadline:
            raise error
        call.last_failure = error
        if call.reporter is not None:
            call.reporter.attempt_ended(error, wait)
        # The client learns its pace from occasional 429s, so these are not worth a warning.
        level = logging.WARNING if wait else logging.INFO
        following = call.attempts + 1
        log.log(level, "%s: next attempt in %.2f s (%d of %d)", error, wait, following, self.retry.attempts)
        await self.throttle.sleep(wait)

    def _wait(self, call: _Call, failure: Failure, chance: float, *, replayable: bool) -> float | None:
        counted = call.attempts - call.excused
        return wait_before_retry(self.retry, counted, failure, replayable=replayable, chance=chance)

    def _slow_down(self, call: _Call, asked: float | None, wait: float | None) -> float | None:
        """Slow down all calls after a 429, and return how long this call waits before it queues again."""
        call.throttled += 1
        slowed = self.throttle.slow_down(call.sent_at, asked, wait, self.retry, times=call.throttled)
        call.excused += slowed.is_excused
        return slowed.wait

    async def _disabled_feature(
        self, call: _Call, denied: PermissionDeniedError
    ) -> FeatureDisabledError | None:
        """Return the error with the feature flag that explains a 403; None if no flag does."""
        endpoint = call.endpoint
        details = await self._event_details(call)
        off = next((flag for flag in endpoint.needs if details and not getattr(details, flag)), None)
        if off is None:
            return None
        disabled = FeatureDisabledError(
            f"{off} is off for event {endpoint.event_id}; {how_to_switch_on(off)} "
            f"(the service said: {denied.message})",
            feature=off,
            status=denied.status,
            retry_after=denied.retry_after,
        )
        call.add_context(disabled)
        disabled.__cause__ = denied
        return disabled

    async def _event_details(self, call: _Call) -> EventDetails | None:
        """Fetch the event's details with its feature flags, in one attempt; None if that fails."""
        flags = call.endpoint.flags_endpoint()
        if flags is None:
            return None
        attempts = call.attempts
        try:
            reply = await self._attempt(flags, call)
            return None if isinstance(reply, SendError) or not reply.ok else flags.decode(reply)
        except NinePicError:
            return None
        finally:
            call.attempts = attempts
