"""A web app where visitors find their photos, by BIB number or by selfie.

    NINEPIC_API_KEY=… NINEPIC_ORG_ID=903 NINEPIC_EVENT_ID=456 python app.py

The page beside this file asks two questions of it, and gets JSON:

    GET /photos?bib=1234           the photos of a BIB
    PUT /searches/{request_id}     the photos of whoever is in the picture that is the body
"""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Final

from aiohttp import web

from ninepic_async import (
    APITimeoutError,
    BadRequestError,
    Event,
    FeatureDisabledError,
    ImageItem,
    InvalidInputError,
    NinePic,
    NinePicError,
    RateLimitError,
)

EVENT: Final = web.AppKey("event", Event)
LARGEST_SELFIE: Final = 10 * 1024 * 1024
PAGE: Final = Path(__file__).with_name("page.html")
SHOWN: Final = 200
"""How many photos a visitor gets to see."""
log = logging.getLogger(__name__)


def make_app(event_id: int | str) -> web.Application:
    """The app for one event. The key and the organisation come from the environment."""

    async def connected(app: web.Application) -> AsyncIterator[None]:
        # One client for all visitors: they share its connections, and its patience when 9Pic throttles.
        async with NinePic(timeout=20) as client:
            app[EVENT] = client.event(event_id)
            yield

    app = web.Application(middlewares=[explained], client_max_size=LARGEST_SELFIE)
    app.cleanup_ctx.append(connected)
    app.router.add_get("/", show_page)
    app.router.add_get("/photos", find_by_bib)
    app.router.add_put("/searches/{request_id}", find_by_selfie)
    return app


async def show_page(_: web.Request) -> web.FileResponse:
    """The page."""
    return web.FileResponse(PAGE)


async def find_by_bib(request: web.Request) -> web.Response:
    """The photos of a BIB."""
    bib = request.query.get("bib", "").strip()
    return listed(await request.app[EVENT].bib_search(bib).collect(limit=SHOWN))


async def find_by_selfie(request: web.Request) -> web.Response:
    """The photos of whoever is in the picture.

    The page makes up one ``request_id`` for each picture that a visitor picks. When they press twice, or
    their browser tries again, it is the same one, and 9Pic answers with the result that it has: one selfie,
    one charge. The picture goes through memory only; it is neither kept nor logged.
    """
    selfie = await request.read()
    search = await request.app[EVENT].face_search(selfie, request_id=request.match_info["request_id"])
    return listed(await search.collect(limit=SHOWN))


@web.middleware
async def explained(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Tell visitors what they can do about it, and ourselves what happened."""
    try:
        return await handler(request)
    except (InvalidInputError, BadRequestError):
        return refused(400, "Please give a BIB number, or a photo of your face.")
    except FeatureDisabledError:
        return refused(404, "This event can't be searched that way.")
    except RateLimitError as error:
        pause = str(round(error.retry_after or 10))
        return refused(503, "Many people are searching right now. Please try again.", {"Retry-After": pause})
    except APITimeoutError:
        return refused(504, "That took too long. Please try again.")
    except NinePicError as error:
        # Our key, our event, or 9Pic itself: nothing a visitor could mend. The text holds no secrets.
        log.error("%s failed: %s", request.path, error)
        return refused(502, "The photos can't be searched at the moment.")


def listed(photos: list[ImageItem]) -> web.Response:
    """Photos as the page wants them."""
    return web.json_response([{"thumbnail": p.thumbnail_url, "large": p.img_url} for p in photos])


def refused(status: int, text: str, headers: dict[str, str] | None = None) -> web.Response:
    """An answer for a visitor whose wish can't be met."""
    return web.json_response({"error": text}, status=status, headers=headers)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    web.run_app(make_app(os.environ["NINEPIC_EVENT_ID"]), host="127.0.0.1")
