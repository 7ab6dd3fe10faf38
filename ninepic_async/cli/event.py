"""``ninepic ping`` and ``ninepic event``: make one call, and show the reply."""

from __future__ import annotations

from time import perf_counter
from typing import Annotated, Final

from cyclopts import Parameter

from ninepic_async import Event, EventDetails, NinePic
from ninepic_async.cli.errors import CommandError
from ninepic_async.cli.options import ACCOUNT, ROWS, Account, EventId, RowOutput, Work, find_event
from ninepic_async.cli.progress import waiting
from ninepic_async.cli.tables import document, write_facts
from ninepic_async.cli.terminal import print_json, print_note

_FEATURES: Final = {
    "BIB search": "bib_search",
    "selfie search": "selfie_search",
    "name search": "name_search",
    "video search": "video_search",
    "video by selfie": "video_selfie_search",
    "timeline": "timeline_search",
}


_ANY_EVENT: Final = Parameter(help="The event's number, slug or name. Default: the first one listed.")


def ping(
    event_id: Annotated[str | None, _ANY_EVENT] = None,
    /,
    *,
    account: Account = ACCOUNT,
    output: RowOutput = ROWS,
) -> Work:
    """Check key, organisation, event and this machine's address in one call."""
    return _ping(account.client(), event_id, output)


async def _ping(client: NinePic, event_id: str | None, output: RowOutput) -> None:
    with waiting("Asking"):
        async with client:
            event = await (_first_event(client) if event_id is None else find_event(client, event_id))
            started = perf_counter()
            pong = await event.ping()
            took_s = perf_counter() - started
    if output.form == "json":
        print_json(document(pong))
    else:
        write_facts({"status": pong.status, "organisation": pong.org_id, "event": pong.event_id}, output.form)
    if pong.status != "ok":
        raise CommandError(f"the service replied {pong.status!r} instead of 'ok'")
    print_note(f"Answered in {1000 * took_s:.0f} ms.")


async def _first_event(client: NinePic) -> Event:
    events = await client.events(page_size=1).collect(limit=1)
    if not events:
        raise CommandError("key and organisation are right, but the organisation has no events to ping")
    return client.event(events[0].event_id)


def event(event_id: EventId, /, *, account: Account = ACCOUNT, output: RowOutput = ROWS) -> Work:
    """Show an event's name, date and status, and which searches it offers."""
    return _event(account.client(), event_id, output)


async def _event(client: NinePic, event_id: str, output: RowOutput) -> None:
    with waiting("Asking"):
        async with client:
            details = await (await find_event(client, event_id)).details()
    if output.form == "json":
        print_json(document(details))
    else:
        write_facts(facts(details), output.form)


def facts(details: EventDetails) -> dict[str, object]:
    """Return an event's details under readable names."""
    texts: dict[str, object] = {
        "event": details.event_id,
        "name": details.event_name,
        "date": details.event_date,
        "status": details.status,
        "enabled": _yes(details.event_enabled),
    }
    return texts | {title: _yes(getattr(details, flag)) for title, flag in _FEATURES.items()}


def _yes(flag: bool) -> str:
    return "yes" if flag else "no"
