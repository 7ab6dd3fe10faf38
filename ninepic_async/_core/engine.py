"""The one loop every call goes through: throttle, send, then decode, amend, retry or give up."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from typing import Final, TypeVar

from attrs import define, field, frozen

from ninepic_async import guesses
from ninepic_async._contract.decode import error_message, problems
from ninepic_async._contract.endpoint import Endpoint
from ninepic_async._contract.messages import Reply, Scope, SendError, Transport, retry_after_s
from ninepic_async._core.retry import Failure, RetryPolicy, wait_before_retry
from ninepic_async._core.throttle import Throttle
from ninepic_async._http.network import Network
from ninepic_async._support.clock import Clock, SystemClock
from ninepic_async._support.redact import Secret
from ninepic_async.errors import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    CallError,
    FeatureDisabledError,
    NinePicError,
    PermissionDeniedError,
    RateLimitError,
    UnprocessableEntityError,
    status_error_class,
)

T = TypeVar("T")

log: Final = logging.getLogger("ninepic_async")


@define
class _Call:
    """How far one call is."""

    endpoint: Endpoint[object]
    deadline: float
    secret: Secret
    attempts: int = 0
    excused: int = 0
    """Attempts that were throttled because they left together with others; they count for nothing."""
    throttled: int = 0
    sent_at: float = 0.0
    last_failure: CallError | None = None

    def own(self, error: CallError) -> CallError:
        """Write onto an error which call it belongs to."""
        error.endpoint = self.endpoint.name
        error.attempts = self.attempts
        error.request_id = self.endpoint.request_id
        error.blank(self.secret)
        return error


@frozen(kw_only=True)
class Engine:
    """Runs endpoints over a transport. ``timeout_s`` bounds a whole call: attempts, waits and body."""

    transport: Transport
    throttle: Throttle
    scope: Scope
    secret: Secret = field(default=Secret("\0"))
    retry: RetryPolicy = field(factory=RetryPolicy)
    timeout_s: float = 60.0
    clock: Clock = field(factory=SystemClock)
    chance: Callable[[], float] = random.random
    network: Network = field(factory=Network)
    """How photo hosts are reached; the transport knows it for the API."""

    async def run(self, endpoint: Endpoint[T], *, timeout_s: float | None = None) -> T:
        """Make one call.

        Args:
            endpoint: what to call.
            timeout_s: instead of the engine's own, in seconds.

        Raises:
            NinePicError: always one of its children, with the call's name and attempts on it.
        """
        seconds = self.timeout_s if timeout_s is None else timeout_s
        call = _Call(endpoint, self.clock.monotonic() + seconds, self.secret)
        try:
            async with asyncio.timeout(seconds):
                return await self._run(endpoint, call)
        except TimeoutError:
            if isinstance(call.last_failure, PermissionDeniedError):
                raise call.last_failure from None
            message = f"no answer within {seconds:g} s"
            if not call.attempts:
                message = f"not sent within {seconds:g} s: max_concurrency or rate_limit held it back"
            if call.last_failure is not None:
                message += f"; the last failure was: {call.last_failure.headline()}"
            raise call.own(APITimeoutError(message)) from call.last_failure

    async def _run(self, endpoint: Endpoint[T], call: _Call) -> T:
        try:
            return await self._until_answered(endpoint, call)
        except PermissionDeniedError as denied:
            call.last_failure = denied
            disabled = await self._disabled_feature(call, denied)
            if disabled is None:
                raise
            raise disabled from denied

    async def _until_answered(self, endpoint: Endpoint[T], call: _Call) -> T:
        while True:
            reply = await self._attempt(endpoint, call)
            if isinstance(reply, Reply):
                if reply.ok:
                    return self._decoded(endpoint, reply, call)
                amended = endpoint.amend(reply, self.scope)
                if amended is not None:
                    log.warning("%s: %d, asking once more in another way", endpoint.name, reply.status)
                    call.endpoint = endpoint = amended
                    continue
            await self._before_retry(endpoint, reply, call)

    async def _attempt(self, endpoint: Endpoint[T], call: _Call) -> Reply | SendError:
        try:
            async with self.throttle.slot(call.deadline):
                call.attempts += 1
                return await self._sent(endpoint, call)
        except RateLimitError as error:
            raise call.own(error) from None

    async def _sent(self, endpoint: Endpoint[T], call: _Call) -> Reply | SendError:
        started = call.sent_at = self.clock.monotonic()
        outcome: object = "cut off"
        try:
            reply = await self.transport.send(endpoint.request(self.scope))
            outcome = reply.status
            if reply.status != 429:
                self.throttle.accepted(started)
            return reply
        except SendError as error:
            outcome = error
            return error
        finally:
            elapsed_ms = (self.clock.monotonic() - started) * 1000
            log.debug("%s: %s in %.1f ms (attempt %d)", endpoint.name, outcome, elapsed_ms, call.attempts)

    def _decoded(self, endpoint: Endpoint[T], reply: Reply, call: _Call) -> T:
        try:
            return endpoint.decode(reply)
        except CallError:
            pass
        try:
            # Once more for an error that quotes, and whose traceback holds, nothing of the key.
            return endpoint.decode(reply.without(self.secret))
        except CallError as error:
            raise call.own(error)  # noqa: B904 (it is the same error)

    async def _before_retry(self, endpoint: Endpoint[T], outcome: Reply | SendError, call: _Call) -> None:
        """Wait until another attempt makes sense, or raise the error that this one ended in."""
        error, failure = self._failed(outcome)
        call.own(error)
        wait = wait_before_retry(
            self.retry,
            call.attempts - call.excused,
            failure,
            replayable=endpoint.replayable,
            chance=self.chance(),
        )
        if failure.status == 429:
            wait = self._slow_down(call, failure.retry_after_s, wait)
        cause = outcome if isinstance(outcome, SendError) else None
        if wait is None or self.clock.monotonic() + wait >= call.deadline:
            raise error from cause
        error.__cause__ = cause
        call.last_failure = error
        # With a pace, a 429 now and then is how the client learns it, and no reason to warn.
        level = logging.WARNING if wait else logging.INFO
        log.log(
            level,
            "%s: next attempt in %.2f s (%d of %d)",
            error,
            wait,
            call.attempts + 1,
            self.retry.attempts,
        )
        await self.clock.sleep(wait)

    def _slow_down(self, call: _Call, asked: float | None, wait: float | None) -> float | None:
        """Slow all calls down after a 429, and return how long this one waits before it queues again."""
        call.throttled += 1
        pause = asked or 0.0
        had_pace = self.throttle.has_pace
        if not asked and not had_pace:
            pause = self.retry.initial_s if wait is None else wait
        if not self.throttle.throttled(call.sent_at, pause) and self.retry.attempts > 1:
            call.excused += 1
            return asked or 0.0
        if wait is None or asked or not had_pace or call.throttled > 1:
            return wait
        return 0.0  # the pace is known, and is all that this call has to wait for

    def _failed(self, outcome: Reply | SendError) -> tuple[CallError, Failure]:
        if isinstance(outcome, SendError):
            failure = Failure(never_sent=outcome.never_sent, final=outcome.final)
            return APIConnectionError(str(outcome)), failure
        failure = Failure(status=outcome.status, retry_after_s=retry_after_s(outcome))
        return _status_error(outcome.without(self.secret), failure), failure

    async def _disabled_feature(
        self, call: _Call, denied: PermissionDeniedError
    ) -> FeatureDisabledError | None:
        """Look at the event's details, once, for a flag that explains a 403."""
        endpoint = call.endpoint
        flags = endpoint.flags_endpoint()
        if flags is None:
            return None
        try:
            reply = await self._attempt(flags, call)
            if isinstance(reply, SendError) or not reply.ok:
                return None
            details = flags.decode(reply)
        except NinePicError:
            return None
        off = next((flag for flag in endpoint.needs if not getattr(details, flag)), None)
        if off is None:
            return None
        message = (
            f"{off} is off for event {endpoint.event_id}; it is switched on by "
            f"{guesses.FEATURES_ARE_SWITCHED_BY} (the service said: {denied.message})"
        )
        return FeatureDisabledError(
            message,
            feature=off,
            status=denied.status,
            retry_after=denied.retry_after,
            endpoint=denied.endpoint,
            attempts=denied.attempts,
            request_id=denied.request_id,
        )


def _status_error(reply: Reply, failure: Failure) -> APIStatusError:
    message = error_message(reply)
    kind = status_error_class(reply.status)
    pause = failure.retry_after_s
    if kind is UnprocessableEntityError:
        found = problems(message)
        return UnprocessableEntityError(message, problems=found, retry_after=pause, status=reply.status)
    return kind(message, retry_after=pause, status=reply.status)
